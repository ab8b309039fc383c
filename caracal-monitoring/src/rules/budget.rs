//! The ratio of failed requests, and how fast they spend the error budget.

use super::{Alert, Group, Rule, Severity};
use crate::service::Service;

/// The windows of the burn-rate alerts.
const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// The metrics that count requests.
struct Requests {
    topics: [&'static str; 2],
    /// The name of the recorded series, without the window.
    ratio: &'static str,
    total: &'static str,
    failed: &'static str,
    duration: &'static str,
}

const GATEWAY: Requests = Requests {
    topics: ["request-ratios", "requests"],
    ratio: "job:caracal_gateway_error_ratio:rate",
    total: "caracal_gateway_requests_total",
    failed: r#"caracal_gateway_requests_total{status_code=~"5.."}"#,
    duration: "caracal_gateway_request_duration_seconds",
};

const HTTP: Requests = Requests {
    topics: ["http-request-ratios", "http-requests"],
    ratio: "job:http_server_error_ratio:rate",
    total: "http_server_request_duration_seconds_count",
    // Requests with a 5xx response or without any response, except those whose client disconnected.
    failed: r#"http_server_request_duration_seconds_count{error_type=~"5..|failed"}"#,
    duration: "http_server_request_duration_seconds",
};

/// An alert that fires if the budget is spent `rate` times too fast, both in `window` and in `recent`.
struct Burn {
    window: &'static str,
    recent: &'static str,
    rate: &'static str,
    hold: &'static str,
    severity: Severity,
    /// The window in words.
    period: &'static str,
    /// What happens if the rate does not change.
    outlook: &'static str,
    /// Whether the alert needs several failures, so that a single one does not trigger it.
    needs_traffic: bool,
}

const BURNS: [Burn; 4] = [
    Burn {
        window: "1h",
        recent: "5m",
        rate: "14.4",
        hold: "2m",
        severity: Severity::Critical,
        period: "hour",
        outlook: "the 30-day error budget will be exhausted within 2 days",
        needs_traffic: true,
    },
    Burn {
        window: "6h",
        recent: "30m",
        rate: "6",
        hold: "15m",
        severity: Severity::Critical,
        period: "6 hours",
        outlook: "the 30-day error budget will be exhausted within 5 days",
        needs_traffic: true,
    },
    Burn {
        window: "1d",
        recent: "2h",
        rate: "3",
        hold: "1h",
        severity: Severity::Warning,
        period: "day",
        outlook: "the 30-day error budget will be exhausted within 10 days",
        needs_traffic: false,
    },
    Burn {
        window: "3d",
        recent: "6h",
        rate: "1",
        hold: "3h",
        severity: Severity::Warning,
        period: "3 days",
        outlook: "the service will miss its 30-day objective",
        needs_traffic: false,
    },
];

pub(super) fn groups(service: &Service<'_>) -> Vec<Group> {
    let prefix = service.alert_prefix();
    let gateway = if service.is_gateway { "Gateway" } else { &prefix };
    let has_both = [GATEWAY.total, HTTP.total].iter().all(|total| service.has(total, |_| false));
    // Two alerts with the same name could not be told apart in a notification.
    let http = if has_both { format!("{prefix}Http") } else { prefix.clone() };
    [(GATEWAY, gateway), (HTTP, &http)]
        .into_iter()
        .flat_map(|(requests, prefix)| [requests.ratios(), requests.alerts(prefix)])
        .collect()
}

impl Requests {
    fn ratios(&self) -> Group {
        let Self { ratio, total, failed, duration, .. } = self;
        let ratios = WINDOWS.map(|window| {
            let expression = format!(
                "(\n  sum by (job) (rate({failed}[{window}]))\n  \
                 or 0 * sum by (job) (rate({total}[{window}]))\n)\n\
                 / sum by (job) (rate({total}[{window}]))"
            );
            Rule::record(format!("{ratio}{window}"), expression)
        });
        let quantiles =
            [("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99")].map(|(quantile, name)| {
                let expression = format!(
                    "histogram_quantile({quantile}, sum by (job, le) (rate({duration}_bucket[5m])))"
                );
                Rule::record(format!("job:{duration}:{name}_rate5m"), expression)
            });
        Group {
            topic: self.topics[0],
            comment: "The ratio of failed requests, over the windows of the burn-rate alerts. If no request has\n\
                      failed yet, the series of failures does not exist. The ratio is then 0 instead of missing.",
            rules: ratios.into_iter().chain(quantiles).collect(),
        }
    }

    fn alerts(&self, prefix: &str) -> Group {
        let rules = BURNS.iter().map(|burn| {
            let Burn { window, recent, rate, .. } = burn;
            let (ratio, failed) = (self.ratio, self.failed);
            let mut expression = format!(
                "{ratio}{window} > {rate} * 0.001\nand {ratio}{recent} > {rate} * 0.001"
            );
            if burn.needs_traffic {
                expression.extend([format!(
                    "\n# With little traffic, a single failure must not page anybody.\n\
                     and sum by (job) (increase({failed}[{window}])) > 5"
                )]);
            }
            let description = format!(
                "{{{{ $value | humanizePercentage }}}} of the requests to {{{{ $labels.job }}}} failed in the \
                 last {}.\nAt this rate, {}.",
                burn.period, burn.outlook
            );
            let summary = "{{ $labels.job }} is spending its error budget too fast";
            let alert = Alert::new(burn.severity, summary, description).hold(burn.hold);
            Rule::alert(format!("{prefix}ErrorBudgetBurn{window}"), expression, alert)
        });
        Group {
            topic: self.topics[1],
            comment: "With an objective of 99.9% over 30 days, the error budget is 0.1% of requests. A burn rate of 1\n\
                      spends the budget in 30 days. A rate of 14.4 spends 2% of it in an hour, 6 spends 5% in six hours,\n\
                      3 spends 10% in a day, and 1 spends 10% in three days. The long window shows that the errors\n\
                      are significant, the short one that they continue. For another objective, change the factor 0.001.",
            rules: rules.collect(),
        }
    }
}
