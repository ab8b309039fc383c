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
                    "Prometheus gets no metrics from {{ $labels.instance }} of {{ \
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
                    "Prometheus knows no target of the job {{ $labels.job }}.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "SeriesNearLimit",
                "max by (job, metric) (caracal_metrics_series / caracal_metrics_series_limit) > 0.8",
                Alert::new(
                    Severity::Warning,
                    "A metric has nearly as many series as it may",
                    "{{ $labels.metric }} of an instance of {{ $labels.job }} has {{ $value | \
                     humanizePercentage }} of the\nseries that its limit allows. Beyond the limit, new label \
                     values are folded.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "MetricSeriesLimited",
                "sum by (job, metric) (increase(\
                 caracal_metrics_series_limited_total[15m])) > 0",
                Alert::new(
                    Severity::Warning,
                    "A metric has too many series",
                    "{{ $labels.job }} folded {{ $value | humanize }} records of {{ \
                     $labels.metric }} into its aggregated\n\
                     series in 15 minutes, because the family is full.",
                ),
            ),
        ],
    }
}
