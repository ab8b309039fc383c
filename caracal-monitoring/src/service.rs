//! The names of the service, and the families that it uses.

use std::collections::{BTreeMap, BTreeSet};

use caracal_metrics_core::{MetricsRegistry, RegisteredFamily, catalogue};

use crate::native;
use crate::panels::{AFTER, BEFORE, Panel, WITHOUT_PANEL};
use crate::promql::{self, quoted};
use crate::target::Target;
use crate::text::camel_case;

/// The namespace of the gateway, which is also the default.
const GATEWAY_NAMESPACE: &str = "caracal";
/// A service that uses this family is a gateway.
const GATEWAY_REQUESTS: &str = "caracal_gateway_requests_total";

/// The suffixes of the samples of a histogram.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A service and the families that it uses.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) target: &'a Target,
    pub(crate) namespace: String,
    /// The families in use, by their names on the page.
    families: BTreeMap<String, RegisteredFamily>,
    /// Whether the service has the families of the gateway, under the gateway's names.
    pub(crate) is_gateway: bool,
}

impl<'a> Service<'a> {
    pub(crate) fn of(metrics: &MetricsRegistry, target: &'a Target) -> Self {
        let namespace = metrics.namespace().to_owned();
        let mut families = metrics.registered_families();
        let is_gateway = namespace == GATEWAY_NAMESPACE
            && families.iter().any(|family| family.in_use && family.name == GATEWAY_REQUESTS);
        let catalogue: BTreeSet<_> =
            catalogue::families().map(|spec| spec.exposed_name(&namespace)).collect();
        // A gateway has the whole catalogue, even if it has not used all families yet.
        families.retain(|family| family.in_use || is_gateway && catalogue.contains(&family.name));
        let families = families.into_iter().map(|family| (family.name.clone(), family)).collect();
        Self { target, namespace, families, is_gateway }
    }

    /// The prefix of the names of alerts about the service as a whole.
    pub(crate) fn alert_prefix(&self) -> String {
        let word = camel_case(&self.target.job);
        // The name of an alert must not begin with a digit.
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            word
        } else {
            format!("Service{word}")
        }
    }

    /// Returns the family in use to which a sample belongs. `metric` is the sample's name in the expressions
    /// of this crate.
    pub(crate) fn family(&self, metric: &str) -> Option<&RegisteredFamily> {
        let name = promql::named(metric, &self.namespace);
        self.families.get(&name).or_else(|| {
            let base = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))?;
            self.families.get(base).filter(|family| family.kind == "histogram")
        })
    }

    /// Returns whether all families of an expression are in use. `records` returns whether a rule records the
    /// metric.
    pub(crate) fn has(&self, expression: &str, records: impl Fn(&str) -> bool) -> bool {
        promql::metrics(expression)
            .into_iter()
            .all(|metric| metric == "up" || records(metric) || self.family(metric).is_some())
    }

    /// The families in use that this crate does not know: the service's own families, and those of third-party
    /// adapters.
    pub(crate) fn own_families(&self) -> impl Iterator<Item = &RegisteredFamily> {
        let known = known_metrics();
        let known: BTreeSet<_> = known
            .into_iter()
            .filter_map(|metric| Some(self.family(metric)?.name.as_str()))
            .collect();
        self.families.values().filter(move |family| !known.contains(family.name.as_str()))
    }

    /// The expression of a rule, restricted to the job of this service.
    pub(crate) fn rule(&self, expression: &str) -> String {
        self.selecting(expression, &format!("job={}", quoted(&self.target.job)))
    }

    /// An expression of this crate with the names of this service, and with this matcher.
    pub(crate) fn selecting(&self, expression: &str, matcher: &str) -> String {
        let is_native = |name: &str| self.family(name).is_some_and(|family| family.is_native);
        let expression = native::either_way(expression, is_native);
        promql::selecting(&expression, &self.namespace, matcher)
    }
}

/// Returns the metrics that panels use, and those that deliberately have no panel.
fn known_metrics() -> BTreeSet<&'static str> {
    let rows = BEFORE.into_iter().chain(AFTER);
    let panels = rows.flat_map(|row| row.panels);
    panels.flat_map(Panel::metrics).chain(WITHOUT_PANEL).collect()
}
