//! The files for Prometheus and Grafana that the page offers for download.

use caracal_metrics_core::MetricsRegistry;
use caracal_monitoring::{Target, TargetError, dashboard, rules, scrape_config};
use http::header::HOST;
use http::request::Parts;

use super::query::value;

#[derive(Clone, Copy, Debug)]
pub(super) enum File {
    Dashboard,
    Rules,
    ScrapeConfig,
}

impl File {
    pub(super) const ALL: [Self; 3] = [Self::Dashboard, Self::Rules, Self::ScrapeConfig];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard.json",
            Self::Rules => "rules.yml",
            Self::ScrapeConfig => "scrape.yml",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Dashboard => "application/json",
            Self::Rules | Self::ScrapeConfig => "application/yaml",
        }
    }

    pub(super) fn make(self, metrics: &MetricsRegistry, target: &Target) -> String {
        match self {
            Self::Dashboard => dashboard(metrics, target),
            Self::Rules => rules(metrics, target),
            Self::ScrapeConfig => scrape_config(target),
        }
    }
}

/// Returns the target that Prometheus scrapes, from the parameters `job`, `address`, `path`, `https` and
/// `runbook` of the query. By default, the job is the namespace, the address is the host to which the request
/// was sent, and the runbook is that of the endpoint.
pub(super) fn target(
    request: &Parts,
    metrics: &MetricsRegistry,
    runbook: Option<&str>,
) -> Result<Target, TargetError> {
    let query = request.uri.query().unwrap_or_default();
    let asked = |name| value(query, name);
    let job = asked("job").unwrap_or_else(|| metrics.namespace().to_owned());
    let host = || request.uri.authority().map(ToString::to_string);
    let host_header = || Some(request.headers.get(HOST)?.to_str().ok()?.to_owned());
    let address = asked("address").or_else(host_header).or_else(host).unwrap_or_default();
    let mut target = Target::new(job, address)?.https(asked("https").is_some());
    let asked_runbook = asked("runbook").filter(|url| !url.is_empty());
    if let Some(url) = asked_runbook.or_else(|| runbook.map(ToOwned::to_owned)) {
        target = target.runbook(url);
    }
    match asked("path") {
        Some(path) => target.metrics_path(path),
        None => Ok(target),
    }
}
