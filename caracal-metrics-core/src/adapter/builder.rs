//! Naming the series of an instance.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::InstanceKind;
use super::instance::{Attached, Counter, DurationHistogram, Instance, Instances, Owner};
use super::sampling::{Callback, Gauges, Sampled, SampledCounter, SampledGauge, Sampler, Target};
use crate::catalogue::{Family, LabelSpec, LabelValues, Metric, MetricKind};
use crate::engine::Cell;
use crate::error::AttachError;
use crate::registry::MetricsRegistry;
use crate::series::cut::Value;
use crate::series::{Key, OwnedSeries};
use crate::workers::Task;

/// Names the series of one observed thing; see the [module](super).
#[derive(Debug)]
#[must_use = "nothing is attached until `build` or `on_scrape`"]
pub struct InstanceBuilder {
    owner: Arc<Owner>,
    is_name_cut: bool,
    series: Vec<(Metric, OwnedSeries)>,
}

impl MetricsRegistry {
    /// Reserves a name for a thing to observe.
    ///
    /// A name that is longer than
    /// [`max_label_value_bytes`](crate::MetricsRegistryBuilder::max_label_value_bytes) is cut, as a
    /// label value is.
    ///
    /// # Errors
    ///
    /// When the name is empty or taken, or named and unnamed instances would mix.
    pub fn attach(
        &self,
        kind: InstanceKind,
        name: Option<&str>,
    ) -> Result<InstanceBuilder, AttachError> {
        let limit = self.core().limits().value_bytes;
        let name = name.map(|name| Value::within(name, limit));
        let id = self.core().instances.lock().reserve(kind, name.as_deref())?;
        let attached = Arc::new(Attached {
            core: Arc::clone(self.core()),
            id,
            kind,
            name: name.as_deref().map(str::to_owned),
            series: OnceLock::new(),
            sampler: OnceLock::new(),
            readings: Mutex::default(),
            unread: Mutex::default(),
            detached: AtomicBool::new(false),
        });
        let owner = Arc::new(Owner { attached });
        let is_name_cut = name.is_some_and(|name| name.is_cut());
        Ok(InstanceBuilder { owner, is_name_cut, series: Vec::new() })
    }

    /// Asks the instances of this kind whether they are still there, as a scrape does; the names of
    /// those that are gone are free afterwards. It runs their callbacks, makes no page, and calls no
    /// collector.
    pub fn look_at(&self, kind: InstanceKind) {
        let instances = Instances::attached(self.core(), |live| live == kind);
        self.core().sample(&instances);
        self.core().page(instances, || ());
    }
}

impl InstanceBuilder {
    /// A counter of this instance. `labels` are the family's labels besides the instance's name, in
    /// the catalogue's order.
    ///
    /// # Errors
    ///
    /// When the family is full.
    ///
    /// # Panics
    ///
    /// When the family is not a counter, when a value is missing, unknown or left over, when the
    /// family needs a name and the instance has none, or when the family has an open label that
    /// does not name an instance.
    pub fn counter(&mut self, metric: Metric, labels: &[&str]) -> Result<Counter, AttachError> {
        let cell = self.series(metric, MetricKind::Counter, labels)?;
        Ok(Counter { _attached: Arc::clone(&self.owner.attached), cell })
    }

    /// A histogram of this instance; see [`counter`](Self::counter).
    ///
    /// # Errors
    ///
    /// When the family is full.
    ///
    /// # Panics
    ///
    /// When the family is not a histogram; otherwise as [`counter`](Self::counter).
    pub fn histogram(
        &mut self,
        metric: Metric,
        labels: &[&str],
    ) -> Result<DurationHistogram, AttachError> {
        let cell = self.series(metric, MetricKind::Histogram, labels)?;
        Ok(DurationHistogram { attached: Arc::clone(&self.owner.attached), metric, cell })
    }

    /// A gauge of this instance, to be set at scrape; see [`counter`](Self::counter).
    ///
    /// # Errors
    ///
    /// When the family is full.
    ///
    /// # Panics
    ///
    /// When the family is not a gauge; otherwise as [`counter`](Self::counter).
    pub fn gauge(&mut self, metric: Metric, labels: &[&str]) -> Result<SampledGauge, AttachError> {
        self.series(metric, MetricKind::Gauge, labels)?;
        Ok(SampledGauge(self.series.len() - 1))
    }

    /// A counter of this instance, to be added to at scrape; see [`counter`](Self::counter).
    ///
    /// # Errors
    ///
    /// When the family is full.
    ///
    /// # Panics
    ///
    /// As [`counter`](Self::counter).
    pub fn sampled_counter(
        &mut self,
        metric: Metric,
        labels: &[&str],
    ) -> Result<SampledCounter, AttachError> {
        self.series(metric, MetricKind::Counter, labels)?;
        Ok(SampledCounter(Target::Own(self.series.len() - 1)))
    }

    /// A counter of the registry's own, without labels, to be added to at scrape. It is in the output
    /// before the instance comes and after it has gone.
    ///
    /// # Panics
    ///
    /// When the catalogue has no such counter without labels.
    #[must_use]
    pub fn registry_counter(&self, metric: Metric) -> SampledCounter {
        let family = metric.family();
        let is_counter = family.kind == MetricKind::Counter && family.labels.is_empty();
        assert!(is_counter, "{} is not a counter without labels", family.name);
        SampledCounter(Target::Registry(metric))
    }

    fn series(
        &mut self,
        metric: Metric,
        kind: MetricKind,
        labels: &[&str],
    ) -> Result<Cell, AttachError> {
        let family = metric.family();
        let name = self.owner.attached.name.as_deref();
        let key = key(family, kind, name, labels)
            .unwrap_or_else(|mistake| panic!("{}: {mistake}", family.name));
        let core = &self.owner.attached.core;
        let series = core.store(metric).reserve(key).map_err(|_| {
            let limit = core.limits().series;
            AttachError::SeriesLimit { metric: family.name, limit }
        })?;
        let cell = series.cell;
        self.series.push((metric, series));
        if self.is_name_cut && family.open_labels() > 0 {
            core.count_invalid(metric);
        }
        Ok(cell)
    }

    /// Attaches an instance without gauges.
    pub fn build(mut self) -> Instance {
        let attached = &self.owner.attached;
        let series = std::mem::take(&mut self.series);
        attached.series.get_or_init(|| cells(&series));
        // In this order: a page that has the series has gauges that were read from the thing.
        if attached.isolated().is_some() {
            let (gauges, others) = series
                .into_iter()
                .partition(|(metric, _)| metric.family().kind == MetricKind::Gauge);
            *attached.unread.lock() = gauges;
            attached.core.instances.lock().attach(attached);
            attached.show(others);
        } else {
            attached.bring_up_to_date();
            attached.core.instances.lock().attach(attached);
            attached.show(series);
        }
        Instance(Arc::clone(&self.owner))
    }

    /// Attaches the instance. `sample` is called for each scrape to set the gauges, which are in the
    /// output from its first run on.
    ///
    /// It may take locks, run code of the application's and read the metrics: it is called on a
    /// thread of the registry's own, once at a time, and a scrape waits for it no longer than
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout). One that panics or
    /// takes longer is counted in `caracal_metrics_collection_errors_total`, and its gauges keep what
    /// they last read.
    ///
    /// It must not hold an [`Instance`] of its own, which would keep each other.
    pub fn on_scrape(
        self,
        sample: impl Fn(&Gauges<'_>) -> Sampled + Send + Sync + 'static,
    ) -> Instance {
        let attached = Arc::downgrade(&self.owner.attached);
        let sample: Callback = Box::new(sample);
        let task = Task::new(move || {
            if let Some(attached) = attached.upgrade() {
                attached.sample(&sample);
            }
        });
        self.owner.attached.sampler.get_or_init(|| Sampler::Isolated(task));
        self.build()
    }

    /// As [`on_scrape`](Self::on_scrape), for a callback that only loads atomics and the like. It is
    /// called here and for each scrape, on the thread that reads the metrics and while no other page
    /// is written: it must not wait for anything, run code that is not the adapter's (the drop of a
    /// value of the application's included), or read the metrics.
    pub fn on_scrape_inline(
        self,
        sample: impl Fn(&Gauges<'_>) -> Sampled + Send + Sync + 'static,
    ) -> Instance {
        self.owner.attached.sampler.get_or_init(|| Sampler::Inline(Box::new(sample)));
        self.build()
    }
}

impl Drop for InstanceBuilder {
    fn drop(&mut self) {
        // Given up halfway (a full family): places and cells go back.
        for (metric, _) in &self.series {
            self.owner.attached.core.store(*metric).give_up();
        }
        self.owner.attached.series.get_or_init(|| cells(&self.series));
    }
}

/// The label values of a series of an instance, or the mistake of the adapter's author.
fn key(
    family: &Family,
    kind: MetricKind,
    name: Option<&str>,
    labels: &[&str],
) -> Result<Key, String> {
    if family.kind != kind {
        return Err(format!("this is a {}, not a {}", family.kind.as_str(), kind.as_str()));
    }
    let mut values = labels.iter();
    let mut closed = 0;
    let mut open = None;
    for LabelSpec { name: label, values: known } in family.labels {
        match known {
            LabelValues::Instance => {
                open = Some(name.ok_or_else(|| format!("{label} is the name, and there is none"))?);
            }
            LabelValues::Optional => open = Some(name.unwrap_or_default()),
            LabelValues::Open => {
                return Err(format!("{label} is open, and an instance can't bound its values"));
            }
            LabelValues::Closed(_) | LabelValues::StatusCode | LabelValues::Metric => {
                let value = values.next().ok_or_else(|| format!("no value for {label}"))?;
                let index = known.index_of(value);
                let index = index.ok_or_else(|| format!("{label} has no value {value:?}"))?;
                closed = closed * known.count().unwrap_or(1) + index;
            }
        }
    }
    if let Some(value) = values.next() {
        return Err(format!("no label for {value:?}"));
    }
    Ok(Key::new(closed, open.as_slice()))
}

fn cells(series: &[(Metric, OwnedSeries)]) -> Vec<(Metric, Cell)> {
    series.iter().map(|(metric, series)| (*metric, series.cell)).collect()
}
