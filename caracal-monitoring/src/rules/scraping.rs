//! Scraping itself.

use super::{Alert, Group, Rule, Severity};
use crate::service::Service;

pub(super) fn group(service: &Service<'_>) -> Group {
    let prefix = if service.is_gateway { "Caracal".to_owned() } else { service.alert_prefix() };
    Group {
        topic: "scraping",
        comment: "",
        rules: vec![
            Rule::alert(
                format!("{prefix}TargetDown"),
                "up == 0",
                Alert::new(
                    Severity::Critical,
                    "An instance of {{ $labels.job }} can't be scraped",
                    "Prometheus can't scrape the instance {{ $labels.instance }} of {{ \
                     $labels.job }}.",
                )
                .hold("2m"),
            ),
            Rule::alert(
                format!("{prefix}TargetAbsent"),
                "absent(up)",
                Alert::new(
                    Severity::Critical,
                    "No instance of {{ $labels.job }} is scraped",
                    "Prometheus has no target for the job {{ $labels.job }}.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "SeriesNearLimit",
                "max by (job, metric) (caracal_metrics_series / caracal_metrics_series_limit) > 0.8",
                Alert::new(
                    Severity::Warning,
                    "A metric is close to its series limit",
                    "In an instance of {{ $labels.job }}, {{ $labels.metric }} has {{ $value | \
                     humanizePercentage }} of the\nseries that its limit allows. When the metric reaches this limit, updates \
                     with new label values will be\nmerged into series with the label value \
                     `aggregated`.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "MetricSeriesLimited",
                "sum by (job, metric) (increase(\
                 caracal_metrics_series_limited_total[15m])) > 0",
                Alert::new(
                    Severity::Warning,
                    "A metric has reached its series limit",
                    "In the last 15 minutes, {{ $labels.job }} merged about {{ $value | humanize \
                     }} updates of {{ $labels.metric }}\n\
                     into an aggregated series, or dropped them, because the metric has \
                     reached a limit.",
                ),
            ),
        ],
    }
}
