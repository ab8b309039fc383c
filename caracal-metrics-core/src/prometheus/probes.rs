//! Finds out what is registered with a `prometheus::Registry`, and its prefix and labels. It has no accessors
//! for either.
//!
//! A probe is registered and immediately unregistered. `prometheus` keeps the name of each collector that it
//! has registered or rejected, and a later collector with this name must have the same help and labels. Probes
//! therefore have the empty name, which no other collector can have.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Gauge, Metric, MetricFamily, MetricType};

use super::foreign::family_labels;

/// Returns whether a family is registered. This includes families without series, which `gather` leaves out.
///
/// `prometheus` compares the id of a description (its name and constant labels) before its name. A probe with
/// the id of the family is therefore refused if the family is registered.
pub(crate) fn is_registered(
    registry: &prometheus::Registry,
    name: &str,
    const_labels: &[(String, String)],
) -> bool {
    are_registered(registry, &[name], const_labels)
}

/// Returns whether one of these families is registered.
pub(crate) fn are_registered(
    registry: &prometheus::Registry,
    names: &[&str],
    const_labels: &[(String, String)],
) -> bool {
    let descs: Vec<_> = names.iter().filter_map(|name| nameless(name, const_labels)).collect();
    if descs.is_empty() {
        return false;
    }
    match registry.register(Box::new(Probe { descs: descs.clone(), marker: None })) {
        Ok(()) => {
            // The probe was just registered, so it can be unregistered.
            let _ = registry.unregister(Box::new(Probe { descs, marker: None }));
            false
        }
        Err(_) => true,
    }
}

/// Returns a description with the id of this family, but without its name.
fn nameless(name: &str, const_labels: &[(String, String)]) -> Option<Desc> {
    let labels = const_labels.iter().cloned().collect();
    let mut desc = Desc::new(name.to_owned(), "Probe".to_owned(), Vec::new(), labels).ok()?;
    desc.fq_name.clear();
    desc.dim_hash = 0;
    Some(desc)
}

/// The families that a registry gathers, and the prefix and labels that it adds to all of them.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) families: Vec<MetricFamily>,
    /// Added to the beginning of every name. It does not include the underscore that follows.
    pub(crate) prefix: Option<String>,
    /// Added to every series.
    pub(crate) labels: Vec<(String, String)>,
}

impl Gathered {
    /// Returns whether a family with this name was gathered.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.families.iter().any(|family| family.name() == name)
    }

    /// Gathers by calling `gather`, which returns `None` if a collector panics.
    ///
    /// The prefix and the labels of `Registry::new_custom` are only visible on a gathered family. If nothing is
    /// gathered, they remain unknown and the result is empty.
    pub(crate) fn new(
        registry: &prometheus::Registry,
        gather: impl FnOnce(&Marker) -> Option<Vec<MetricFamily>>,
    ) -> Self {
        let marker = Marker(NEXT_MARKER.fetch_add(1, Relaxed));
        let name = marker.name();
        let Some(desc) = nameless(&name, &[]) else { return Self::default() };
        let probe = || Probe { descs: vec![desc.clone()], marker: Some(marker) };
        if registry.register(Box::new(probe())).is_err() {
            return Self::default();
        }
        let gathered = gather(&marker);
        let _ = registry.unregister(Box::new(probe()));
        let mut families = gathered.unwrap_or_default();
        let Some(place) = families.iter().position(|family| family.name().ends_with(&name)) else {
            return Self::default();
        };
        let family = families.remove(place);
        let prefix = family.name().strip_suffix(&name).and_then(|prefix| prefix.strip_suffix('_'));
        Self { prefix: prefix.map(str::to_owned), labels: family_labels(family), families }
    }
}

static NEXT_MARKER: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static GATHERING: Cell<Option<Marker>> = const { Cell::new(None) };
}

/// The only family that a probe collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker(u64);

impl Marker {
    fn name(self) -> String {
        format!("caracal_marker_{}", self.0)
    }

    /// Runs `gather` so that it gathers the marker. Other threads that gather at the same time do not see it.
    pub(crate) fn with<R>(self, gather: impl FnOnce() -> R) -> R {
        struct Restore(Option<Marker>);
        impl Drop for Restore {
            fn drop(&mut self) {
                GATHERING.set(self.0);
            }
        }
        let _restore = Restore(GATHERING.replace(Some(self)));
        gather()
    }
}

struct Probe {
    descs: Vec<Desc>,
    marker: Option<Marker>,
}

impl Collector for Probe {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(marker) = self.marker.filter(|marker| GATHERING.get() == Some(*marker)) else {
            return Vec::new();
        };
        let mut metric = Metric::from_label(Vec::new());
        metric.set_gauge(Gauge::default());
        let mut family = MetricFamily::default();
        family.set_name(marker.name());
        family.set_help("Marker".to_owned());
        family.set_field_type(MetricType::GAUGE);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
