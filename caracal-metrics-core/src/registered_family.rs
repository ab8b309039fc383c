//! Lists the families of a registry, for tools that describe a service.

use std::sync::Arc;

use crate::labels::LabelValues;
use crate::registry::MetricsRegistry;
use crate::series::{FamilyStore, InFlight, Value, Values};

/// A family of a registry: the registry's own, an adapter's, the service's, or one of the attached
/// `prometheus::Registry`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredFamily {
    /// The name on the page.
    pub name: String,
    /// The word that `# TYPE` contains: `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: &'static str,
    /// The help text, unescaped.
    pub help: String,
    /// The unit of the values, such as `seconds`. `None` for families of the attached registry.
    pub unit: Option<String>,
    /// The names of the labels, in the order in which they are written. For a family of the attached registry,
    /// these are the labels of its first series.
    pub labels: Vec<String>,
    /// The upper bounds of the buckets of a histogram, without `+Inf`, in the unit on the page. Empty for
    /// families of the attached registry.
    pub buckets: Vec<f64>,
    /// Whether the family is a histogram that also has native buckets.
    pub is_native: bool,
    /// Whether the family is in use: it was registered after the registry was built, something requested it or
    /// is attached to it, or something was recorded into it. False for a family of the
    /// [`catalogue`](crate::catalogue) that is on the page without any of these.
    pub in_use: bool,
}

impl MetricsRegistry {
    /// Returns the families of the registry, sorted by name, including those of the attached
    /// `prometheus::Registry`. A family is listed whether or not the page already shows it.
    ///
    /// This is meant for tools that describe a service, such as a generator of dashboards and alerts. It runs
    /// the collectors of the attached registry, as a page does.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry};
    ///
    /// static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders placed.");
    ///
    /// let metrics = MetricsRegistry::builder().namespace("shop").build()?;
    /// metrics.family(&ORDERS)?;
    ///
    /// let families = metrics.registered_families();
    /// let in_use = |name| families.iter().any(|family| family.name == name && family.in_use);
    /// assert!(in_use("orders_total"));
    /// assert!(!in_use("shop_policy_evaluations_total"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn registered_families(&self) -> Vec<RegisteredFamily> {
        let state = self.instances().state();
        let families = state.families();
        let in_flight = state.in_flight();
        let mut registered: Vec<_> =
            families.stores.iter().map(|store| self.registered(store, &in_flight)).collect();
        if let Some(mut others) = self.families_of_others() {
            // Families that no page shows are left out here, too. The pages count them.
            others.settle(&families, &|_| true);
            let others = others.describe().into_iter();
            registered.extend(others.filter(|other| families.find(&other.name).is_none()));
            registered.sort_by(|a, b| a.name.cmp(&b.name));
        }
        registered
    }

    /// Returns the namespace with which the names of [namespaced](crate::Family::namespaced) families start,
    /// without the underscore.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.instances().state().settings().namespace
    }

    fn registered(&self, store: &Arc<FamilyStore>, in_flight: &InFlight) -> RegisteredFamily {
        let is_preregistered = self.preregistered().iter().any(|other| Arc::ptr_eq(other, store));
        let description = &store.description;
        RegisteredFamily {
            name: description.name.clone(),
            kind: description.kind.as_str(),
            help: description.help.clone().into_owned(),
            unit: description.unit.clone().map(Into::into),
            labels: description.labels.iter().map(|label| label.name.to_owned()).collect(),
            buckets: description.bounds.exposed(),
            is_native: store.is_native(),
            in_use: !is_preregistered || store.is_asked_for() || is_recorded(store, in_flight),
        }
    }
}

/// Returns whether something was recorded into the family. Series that are known in advance exist from the
/// start, with the value 0.
fn is_recorded(store: &FamilyStore, in_flight: &InFlight) -> bool {
    let rows = store.rows();
    let labels = &store.description.labels;
    let appears = |values| matches!(values, LabelValues::Open | LabelValues::StatusCode);
    if labels.iter().any(|label| appears(label.values)) {
        return !rows.is_empty();
    }
    let mut values = Values::of(store, in_flight);
    let mut rows = rows.cursor_without_values();
    while let Some(row) = rows.next() {
        let is_zero = match values.read(row.cells) {
            Value::Counter(n) => n == 0,
            Value::Gauge(n) => n == 0,
            Value::FloatCounter(x) | Value::FloatGauge(x) => x == 0.0,
            Value::Histogram(_) => values.buckets().iter().all(|n| *n == 0),
        };
        if !is_zero {
            return true;
        }
    }
    store.tracks()
}
