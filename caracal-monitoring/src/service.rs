//! What is known of the service: its names, and the families that it uses.

use std::collections::{BTreeMap, BTreeSet};

use caracal_metrics_core::{MetricsRegistry, RegisteredFamily, catalogue};

use crate::panels::{AFTER, BEFORE, Panel, WITHOUT_PANEL};
use crate::promql::{self, quoted};
use crate::target::Target;
use crate::text::camel_case;

/// The namespace of the gateway, and of every registry that was given none.
const GATEWAY_NAMESPACE: &str = "caracal";
/// What says that a service is a gateway.
const GATEWAY_REQUESTS: &str = "caracal_gateway_requests_total";

/// What samples have after the name of their family.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A service and the families that it uses.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) target: &'a Target,
    pub(crate) namespace: String,
    /// Those in use, by their names on the page.
    families: BTreeMap<String, RegisteredFamily>,
    /// It has the families of the gateway, under the gateway's names.
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
        // A gateway has all of the catalogue, whatever has happened to it so far.
        families.retain(|family| family.in_use || is_gateway && catalogue.contains(&family.name));
        let families = families.into_iter().map(|family| (family.name.clone(), family)).collect();
        Self { target, namespace, families, is_gateway }
    }

    /// What the names of alerts about the service as a whole begin with.
    pub(crate) fn alert_prefix(&self) -> String {
        let word = camel_case(&self.target.job);
        // A name does not begin with a digit.
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            word
        } else {
            format!("Service{word}")
        }
    }

    /// The family in use of a sample, by the name that expressions of this crate have for it.
    pub(crate) fn family(&self, metric: &str) -> Option<&RegisteredFamily> {
        let name = promql::named(metric, &self.namespace);
        self.families.get(&name).or_else(|| {
            let base = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))?;
            self.families.get(base).filter(|family| family.kind == "histogram")
        })
    }

    /// Whether all families of an expression are in use. `records` says whether something is recorded.
    pub(crate) fn has(&self, expression: &str, records: impl Fn(&str) -> bool) -> bool {
        promql::metrics(expression)
            .into_iter()
            .all(|metric| metric == "up" || records(metric) || self.family(metric).is_some())
    }

    /// The families in use that nothing in this crate knows: the service's own, and those of adapters of
    /// others.
    pub(crate) fn own_families(&self) -> impl Iterator<Item = &RegisteredFamily> {
        let known = known_metrics();
        let known: BTreeSet<_> = known
            .into_iter()
            .filter_map(|metric| Some(self.family(metric)?.name.as_str()))
            .collect();
        self.families.values().filter(move |family| !known.contains(family.name.as_str()))
    }

    /// An expression for a rule, which is about this job.
    pub(crate) fn rule(&self, expression: &str) -> String {
        let matcher = format!("job={}", quoted(&self.target.job));
        promql::selecting(expression, &self.namespace, &matcher)
    }
}

/// The metrics that panels ask for, and those that deliberately none asks for.
fn known_metrics() -> BTreeSet<&'static str> {
    let rows = BEFORE.into_iter().chain(AFTER);
    let panels = rows.flat_map(|row| row.panels);
    panels.flat_map(Panel::metrics).chain(WITHOUT_PANEL).collect()
}
