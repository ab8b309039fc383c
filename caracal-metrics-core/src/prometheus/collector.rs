//! Our families as a `prometheus::core::Collector`.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto;

use super::labels::parse_labels;
use super::text;
use crate::catalogue::{CATALOGUE, Family, MetricKind};
use crate::core::{Core, InFlight, Values};
use crate::engine::HistogramValue;
use crate::series::FamilyStore;

/// Registered with the `prometheus::Registry` that the metrics are attached to.
#[derive(Debug)]
pub(crate) struct CaracalCollector {
    core: Arc<Core>,
    descs: Vec<Desc>,
}

thread_local! {
    /// The core for whose page this thread gathers. Its collector stays silent meanwhile, since the
    /// page has its families already.
    static WRITING: Cell<*const Core> = const { Cell::new(std::ptr::null()) };
}

impl CaracalCollector {
    pub(crate) fn new(core: Arc<Core>) -> prometheus::Result<Self> {
        let descs = CATALOGUE
            .iter()
            .map(|family| desc(family, core.const_labels()))
            .collect::<Result<_, _>>()?;
        Ok(Self { core, descs })
    }
}

/// Whether this thread gathers for a page of `core`.
pub(super) fn is_writing(core: &Core) -> bool {
    std::ptr::eq(WRITING.get(), core)
}

/// What a registry gathers from all collectors but that of `core`, which is only compared. Panics if
/// one of the collectors does.
pub(super) fn gather_others(
    core: *const Core,
    registry: &prometheus::Registry,
) -> Vec<proto::MetricFamily> {
    struct Restore(*const Core);
    impl Drop for Restore {
        fn drop(&mut self) {
            WRITING.set(self.0);
        }
    }
    let _restore = Restore(WRITING.replace(core));
    registry.gather()
}

/// The description of a family in the words of the `prometheus` crate.
fn desc(family: &Family, const_labels: &[(String, String)]) -> prometheus::Result<Desc> {
    Desc::new(
        family.name.to_owned(),
        family.help.to_owned(),
        family.labels.iter().map(|label| label.name.to_owned()).collect(),
        const_labels.iter().cloned().collect::<HashMap<_, _>>(),
    )
}

impl Collector for CaracalCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        if is_writing(&self.core) {
            return Vec::new();
        }
        let in_flight = self.core.in_flight();
        self.core.scrape(|| {
            let stores = self.core.families_by_name();
            stores.filter_map(|store| family(&self.core, store, &in_flight)).collect()
        })
    }
}

fn family(core: &Core, store: &FamilyStore, in_flight: &InFlight) -> Option<proto::MetricFamily> {
    let rows = core.exposed_rows(store)?;
    let values = Values::of(store, in_flight);
    let mut family = proto::MetricFamily::default();
    family.set_name(store.family.name.to_owned());
    family.set_help(store.family.help.to_owned());
    family.set_field_type(match store.family.kind {
        MetricKind::Counter => proto::MetricType::COUNTER,
        MetricKind::Gauge => proto::MetricType::GAUGE,
        MetricKind::Histogram => proto::MetricType::HISTOGRAM,
    });
    family.set_metric(
        rows.iter()
            .map(|row| {
                let mut metric = proto::Metric::from_label(label_pairs(row.labels));
                match store.family.kind {
                    MetricKind::Counter => {
                        let mut counter = proto::Counter::default();
                        counter.set_value(values.counter(row.cells) as f64);
                        metric.set_counter(counter);
                    }
                    MetricKind::Gauge => {
                        let mut gauge = proto::Gauge::default();
                        gauge.set_value(values.gauge(row.cells) as f64);
                        metric.set_gauge(gauge);
                    }
                    MetricKind::Histogram => {
                        let value = values.histogram(row.cells);
                        metric.set_histogram(histogram(store.family, &value));
                    }
                }
                metric
            })
            .collect::<Vec<_>>(),
    );
    Some(family)
}

fn histogram(family: &Family, value: &HistogramValue) -> proto::Histogram {
    let mut count = 0;
    let mut histogram = proto::Histogram::default();
    // Without the bucket up to infinity: the text encoder of `prometheus` 0.14 adds that from the
    // count, and would write the bound of one that stands here as `inf`.
    let buckets: Vec<_> = family
        .buckets
        .iter()
        .zip(value.buckets)
        .map(|(bound, observed)| {
            count += observed;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound.as_secs_f64());
            bucket.set_cumulative_count(count);
            bucket
        })
        .collect();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(value.buckets.iter().sum());
    histogram.set_sample_sum(text::seconds(value.sum_nanos));
    histogram
}

fn label_pairs(text: &str) -> Vec<proto::LabelPair> {
    parse_labels(text)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name(name);
            pair.set_value(value);
            pair
        })
        .collect()
}
