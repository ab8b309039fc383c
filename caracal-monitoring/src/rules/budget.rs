//! The share of requests that fail, and how fast it spends the error budget.

use super::{Alert, Group, Rule, Severity};
use crate::service::Service;

/// The windows of the burn-rate alerts.
const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// Requests that are counted somewhere.
struct Requests {
    topics: [&'static str; 2],
    /// The name of what is recorded, without the window.
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
    // Answered with a 5xx, or not at all; not those whose client went away.
    failed: r#"http_server_request_duration_seconds_count{error_type=~"5..|failed"}"#,
    duration: "http_server_request_duration_seconds",
};

/// An alert: in this window and still in that one, the budget is spent so many times too fast.
struct Burn {
    window: &'static str,
    recent: &'static str,
    rate: &'static str,
    hold: &'static str,
    severity: Severity,
    /// When the budget of 30 days is spent at this rate.
    spent: &'static str,
    /// Whether a single failure may set it off.
    needs_traffic: bool,
}

const BURNS: [Burn; 4] = [
    Burn {
        window: "1h",
        recent: "5m",
        rate: "14.4",
        hold: "2m",
        severity: Severity::Critical,
        spent: "2 days",
        needs_traffic: true,
    },
    Burn {
        window: "6h",
        recent: "30m",
        rate: "6",
        hold: "15m",
        severity: Severity::Critical,
        spent: "5 days",
        needs_traffic: true,
    },
    Burn {
        window: "1d",
        recent: "2h",
        rate: "3",
        hold: "1h",
        severity: Severity::Warning,
        spent: "10 days",
        needs_traffic: false,
    },
    Burn {
        window: "3d",
        recent: "6h",
        rate: "1",
        hold: "3h",
        severity: Severity::Warning,
        spent: "30 days",
        needs_traffic: false,
    },
];

pub(super) fn groups(service: &Service<'_>) -> Vec<Group> {
    let prefix = service.alert_prefix();
    let gateway = if service.is_gateway { "Gateway" } else { &prefix };
    let has_both = [GATEWAY.total, HTTP.total].iter().all(|total| service.has(total, |_| false));
    // Two alerts of one name would be one to those who get them.
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
            comment: "The share of requests that failed, over the windows of the burn-rate alerts. Where no\n\
                      request failed yet there is no series to divide; such a job's ratio is 0 and not missing.",
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
                    "\n# a single failure where there is little traffic is no reason to wake anybody\n\
                     and sum by (job) (increase({failed}[{window}])) > 5"
                )]);
            }
            let description = format!(
                "{{{{ $labels.job }}}} failed {{{{ $value | humanizePercentage }}}} of its requests in the \
                 last {window}.\nAt this rate the error budget of 30 days is spent in {} or sooner.",
                burn.spent
            );
            let summary = "{{ $labels.job }} fails requests and spends its error budget";
            let alert = Alert::new(burn.severity, summary, description).hold(burn.hold);
            Rule::alert(format!("{prefix}ErrorBudgetBurn{window}"), expression, alert)
        });
        Group {
            topic: self.topics[1],
            comment: "An objective of 99.9 % over 30 days leaves 0.1 % to fail. A burn rate of 1 spends that in 30 days;\n\
                      14.4 for one hour spends 2 % of it, 6 for six hours 5 %, 3 for a day and 1 for three days 10 %.\n\
                      The long window says that it matters, the short one that it still goes on. For another objective,\n\
                      change the factor 0.001.",
            rules: rules.collect(),
        }
    }
}
