//! Recording rules and alerts.

mod breakers;
mod budget;
mod caches;
mod database;
mod policy;
mod runtimes;
mod scraping;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeSet;

use caracal_metrics_core::MetricsRegistry;

use crate::service::Service;
use crate::target::Target;

/// Returns Prometheus rules, as YAML, for the families that the registry has in use.
///
/// The file has recording rules, and alerts about the error budget of requests, connection pools, circuit
/// breakers, policies, tokio runtimes and the scraping itself. Save it, and list it under `rule_files` in the
/// configuration of Prometheus.
///
/// All rules select the target's job, and the texts of the alerts name it. You can therefore load the files
/// of several services together.
///
/// The alerts about errors assume an objective of 99.9% over 30 days. For a different objective, change the
/// factor 0.001 in the file.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_monitoring as monitoring; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::monitoring::{Target, rules};
///
/// let metrics = MetricsRegistry::builder().namespace("shop").build()?;
/// let rules = rules(&metrics, &Target::new("shop-api", "shop.internal:9000")?);
/// assert!(rules.contains(r#"absent(up{job="shop-api"})"#));
/// assert!(!rules.contains("Policy") && !rules.contains("gateway"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rules(metrics: &MetricsRegistry, target: &Target) -> String {
    let service = Service::of(metrics, target);
    let mut groups = budget::groups(&service);
    groups.extend([
        policy::group(),
        caches::group(),
        database::group(),
        breakers::group(),
        runtimes::group(),
        scraping::group(&service),
    ]);
    let mut recorded: BTreeSet<String> = BTreeSet::new();
    for group in &mut groups {
        group.rules.retain(|rule| {
            // A recorded series is defined before the rules that use it.
            let is_kept = service.has(&rule.expression, |metric| recorded.contains(metric));
            if let (true, Kind::Record) = (is_kept, &rule.kind) {
                recorded.insert(rule.name.clone().into_owned());
            }
            is_kept
        });
    }
    groups.retain(|group| !group.rules.is_empty());
    yaml::write(&service, &groups)
}

/// A group of rules, which Prometheus evaluates in order.
#[derive(Debug)]
struct Group {
    /// The name without the job.
    topic: &'static str,
    comment: &'static str,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    comment: &'static str,
    name: Cow<'static, str>,
    expression: Cow<'static, str>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Record,
    Alert(Alert),
}

#[derive(Debug)]
struct Alert {
    /// How long the expression has to be true before the alert fires.
    hold: Option<&'static str>,
    severity: Severity,
    /// The summary and the description are Prometheus templates.
    summary: &'static str,
    description: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug)]
enum Severity {
    /// The alert pages somebody.
    Critical,
    /// The alert can wait until working hours.
    Warning,
}

impl Rule {
    fn record(
        name: impl Into<Cow<'static, str>>,
        expression: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (name, expression) = (name.into(), expression.into());
        Self { comment: "", name, expression, kind: Kind::Record }
    }

    fn alert(
        name: impl Into<Cow<'static, str>>,
        expression: impl Into<Cow<'static, str>>,
        alert: Alert,
    ) -> Self {
        let (name, expression) = (name.into(), expression.into());
        Self { comment: "", name, expression, kind: Kind::Alert(alert) }
    }

    fn comment(self, comment: &'static str) -> Self {
        Self { comment, ..self }
    }
}

impl Alert {
    fn new(
        severity: Severity,
        summary: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { hold: None, severity, summary, description: description.into() }
    }

    fn hold(self, hold: &'static str) -> Self {
        Self { hold: Some(hold), ..self }
    }
}
