//! Our families as a `prometheus::core::Collector`.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto;

use crate::attachment::Instances;
use crate::description::Description;
use crate::names::all_names;
use crate::series::{FamilyStore, HistogramSum, InFlight, Value, Values};
use crate::text::seconds;

/// Collects all families of a registry.
#[derive(Debug)]
pub(crate) struct CaracalCollector {
    instances: Arc<Instances>,
    descs: Vec<Desc>,
}

thread_local! {
    /// The registry for whose page this thread gathers. Its collector returns nothing during this time, because
    /// the page already has its families.
    static WRITING: Cell<*const Instances> = const { Cell::new(std::ptr::null()) };
}

impl CaracalCollector {
    /// Returns a collector that describes these families.
    pub(crate) fn new<'a>(
        instances: Arc<Instances>,
        families: impl IntoIterator<Item = &'a Description>,
    ) -> prometheus::Result<Self> {
        let const_labels = &instances.state().settings().const_labels;
        let descs = families.into_iter().map(|family| descs(family, const_labels));
        let descs = descs.collect::<prometheus::Result<Vec<_>>>()?.into_iter().flatten().collect();
        Ok(Self { instances, descs })
    }
}

/// Reserves the names of a family that was registered later. [`CaracalCollector`] collects the family.
pub(super) struct Reserved(Vec<Desc>);

impl Reserved {
    pub(super) fn new(
        family: &Description,
        const_labels: &[(String, String)],
    ) -> prometheus::Result<Self> {
        descs(family, const_labels).map(Self)
    }
}

impl Collector for Reserved {
    fn desc(&self) -> Vec<&Desc> {
        self.0.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        Vec::new()
    }
}

/// Returns descriptions of a family for the `prometheus` crate: of its name and of the names of its samples,
/// such as the `_count` of a histogram. The registry then refuses these names to other collectors. Nothing is
/// ever collected under the names of samples.
fn descs(family: &Description, const_labels: &[(String, String)]) -> prometheus::Result<Vec<Desc>> {
    let const_labels: HashMap<_, _> = const_labels.iter().cloned().collect();
    let name = family.name.as_str();
    let labels = family.labels.iter().map(|label| label.name.to_owned()).collect();
    let own = Desc::new(name.to_owned(), family.help.to_string(), labels, const_labels.clone());
    let samples = all_names(name, family.kind.as_str()).into_iter().filter(|sample| sample != name);
    let samples = samples.map(|sample| {
        Desc::new(sample, format!("Reserved for {name}"), Vec::new(), const_labels.clone())
    });
    // The family's own name is the last one. If `prometheus` rejects a description, it keeps the help and the
    // labels of those before it, and a collector of the user is most likely to need the own name.
    samples.chain(std::iter::once(own)).collect()
}

/// Returns whether this thread gathers for a page of this registry.
pub(super) fn is_writing(instances: &Instances) -> bool {
    std::ptr::eq(WRITING.get(), instances)
}

/// Gathers from all collectors except that of `instances`, which is only compared. Panics if one of the
/// collectors does.
pub(super) fn gather_others(
    instances: *const Instances,
    registry: &prometheus::Registry,
) -> Vec<proto::MetricFamily> {
    struct Restore(*const Instances);
    impl Drop for Restore {
        fn drop(&mut self) {
            WRITING.set(self.0);
        }
    }
    let _restore = Restore(WRITING.replace(instances));
    registry.gather()
}

impl Collector for CaracalCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        if is_writing(&self.instances) {
            return Vec::new();
        }
        let state = self.instances.state();
        let in_flight = state.in_flight();
        self.instances.scrape(|| {
            let families = state.families();
            families.stores.iter().filter_map(|store| family(store, &in_flight)).collect()
        })
    }
}

fn family(store: &FamilyStore, in_flight: &InFlight) -> Option<proto::MetricFamily> {
    let rows = store.rows();
    if !store.is_shown(&rows) {
        return None;
    }
    let mut family = proto::MetricFamily::default();
    family.set_name(store.name().to_owned());
    family.set_help(store.help().to_owned());
    family.set_field_type(match store.kind().as_str() {
        "counter" => proto::MetricType::COUNTER,
        "gauge" => proto::MetricType::GAUGE,
        _ => proto::MetricType::HISTOGRAM,
    });
    let mut values = Values::of(store, in_flight);
    values.sum_up(rows.cells());
    let mut metrics = Vec::new();
    let mut rows = rows.cursor();
    while let Some(row) = rows.next() {
        let labels = store.gathered_labels(&row).into_iter().map(pair).collect();
        let mut metric = proto::Metric::from_label(labels);
        let counter = |value| {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            counter
        };
        let gauge = |value| {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            gauge
        };
        match values.read(row.cells) {
            Value::Counter(value) => metric.set_counter(counter(value as f64)),
            Value::FloatCounter(value) => metric.set_counter(counter(value)),
            Value::Gauge(value) => metric.set_gauge(gauge(value as f64)),
            Value::FloatGauge(value) => metric.set_gauge(gauge(value)),
            Value::Histogram(sum) => {
                metric.set_histogram(histogram(store, values.buckets(), sum));
            }
        }
        metrics.push(metric);
    }
    family.set_metric(metrics);
    Some(family)
}

fn histogram(store: &FamilyStore, observed: &[u64], sum: HistogramSum) -> proto::Histogram {
    let mut count = 0;
    let mut histogram = proto::Histogram::default();
    // The bucket up to infinity is left out: the text encoder of `prometheus` 0.14 adds it from the count. If
    // it were here, the encoder would write its bound as `inf`.
    let bounds = store.description.bounds.exposed();
    let buckets: Vec<_> = bounds
        .into_iter()
        .zip(observed)
        .map(|(bound, observed)| {
            count += observed;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(count);
            bucket
        })
        .collect();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(observed.iter().sum());
    histogram.set_sample_sum(match sum {
        HistogramSum::Nanos(nanos) => seconds(nanos),
        HistogramSum::Float(sum) => sum,
    });
    histogram
}

fn pair((name, value): (Cow<'_, str>, Cow<'_, str>)) -> proto::LabelPair {
    let mut pair = proto::LabelPair::default();
    pair.set_name(name.into_owned());
    pair.set_value(value.into_owned());
    pair
}
