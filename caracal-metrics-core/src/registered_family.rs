//! What families a registry has, for tools that describe a service.

use std::sync::Arc;

use crate::labels::LabelValues;
use crate::registry::MetricsRegistry;
use crate::series::{FamilyStore, InFlight, Value, Values};

/// A family that a registry has: the registry's own, an adapter's, the service's, or one of the attached
/// `prometheus::Registry`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredFamily {
    /// The name on the page.
    pub name: String,
    /// The word that `# TYPE` carries: `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: &'static str,
    /// The help text, unescaped.
    pub help: String,
    /// The unit of the values, such as `seconds`. Families of the attached registry have none.
    pub unit: Option<String>,
    /// The names of the labels, in the order in which they are written. For a family of the attached
    /// registry, those of its first series.
    pub labels: Vec<String>,
    /// The upper bounds of a histogram's buckets, without `+Inf`, in the unit of the page. Families of the
    /// attached registry have none here.
    pub buckets: Vec<f64>,
    /// Whether a histogram has native buckets in addition.
    pub is_native: bool,
    /// Whether something uses the family: it was registered after the registry was built, something asked
    /// for it or is attached to it, or something was recorded into it. False for a family of the
    /// [`catalogue`](crate::catalogue) that is on the page and that nothing has to do with.
    pub in_use: bool,
}

impl MetricsRegistry {
    /// The families that the registry has, sorted by name, those of the attached `prometheus::Registry`
    /// included. A family is listed whether or not the page shows it already.
    ///
    /// For tools that describe a service, such as a generator of dashboards and alerts. It asks the
    /// collectors of the attached registry, as a page does.
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
            // Those that no page shows are left out here, too; the pages count them.
            others.settle(&families, &|_| true);
            let others = others.describe().into_iter();
            registered.extend(others.filter(|other| families.find(&other.name).is_none()));
            registered.sort_by(|a, b| a.name.cmp(&b.name));
        }
        registered
    }

    /// What comes before the names of [namespaced](crate::Family::namespaced) families, without the
    /// underscore.
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

/// Whether something was recorded into the family. Series that are known beforehand are there from the
/// start, and read 0.
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
