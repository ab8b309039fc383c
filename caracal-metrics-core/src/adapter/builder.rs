//! Naming the series of an instance.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::InstanceKind;
use super::instance::{Attached, Counter, DurationHistogram, Instance, Instances, Owner};
use super::sampling::{Callback, Gauges, Sampled, SampledCounter, SampledGauge, Sampler, Target};
use crate::catalogue::{LabelValues, Metric, MetricKind};
use crate::engine::Cell;
use crate::error::AttachError;
use crate::registry::MetricsRegistry;
use crate::series::{Key, OwnedSeries};
use crate::workers::Task;

/// Names the series of one observed thing; see the [module](super).
#[derive(Debug)]
#[must_use = "nothing is attached until `build` or `on_scrape`"]
pub struct InstanceBuilder {
    owner: Arc<Owner>,
    series: Vec<(Metric, OwnedSeries)>,
}

impl MetricsRegistry {
    /// Reserves a name for a thing to observe.
    ///
    /// # Errors
    ///
    /// When the name is empty or taken, or named and unnamed instances would mix.
    pub fn attach(
        &self,
        kind: InstanceKind,
        name: Option<&str>,
    ) -> Result<InstanceBuilder, AttachError> {
        let id = self.core().instances.lock().reserve(kind, name)?;
        let attached = Arc::new(Attached {
            core: Arc::clone(self.core()),
            id,
            kind,
            name: name.map(str::to_owned),
            series: OnceLock::new(),
            sampler: OnceLock::new(),
            readings: Mutex::default(),
            unread: Mutex::default(),
            detached: AtomicBool::new(false),
        });
        let owner = Arc::new(Owner { attached });
        Ok(InstanceBuilder { owner, series: Vec::new() })
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
    /// When the catalogue has no such counter with these labels.
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
    /// When the catalogue has no such histogram with these labels.
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
    /// When the catalogue has no such gauge with these labels.
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
    /// When the catalogue has no such counter with these labels.
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
        assert_eq!(family.kind, kind, "{} is no {}", family.name, kind.as_str());
        let mut values = labels.iter();
        let mut closed = 0;
        let mut open = Vec::new();
        for label in family.labels {
            match label.values {
                LabelValues::Closed(all) => {
                    let value = values.next().and_then(|value| all.iter().position(|v| v == value));
                    let index = value.and_then(|index| u32::try_from(index).ok());
                    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
                    closed = closed * count
                        + index.unwrap_or_else(|| {
                            panic!("{}: no value for {}", family.name, label.name)
                        });
                }
                _ => open.push(self.owner.attached.name.as_deref().unwrap_or_default()),
            }
        }
        assert!(values.next().is_none(), "{}: more values than labels", family.name);
        let core = &self.owner.attached.core;
        let store = core.store(metric);
        let series = store
            .reserve(Key::new(closed, &open))
            .map_err(|_| AttachError::SeriesLimit { metric: family.name, limit: core.limit() })?;
        let cell = series.cell;
        self.series.push((metric, series));
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

fn cells(series: &[(Metric, OwnedSeries)]) -> Vec<(Metric, Cell)> {
    series.iter().map(|(metric, series)| (*metric, series.cell)).collect()
}
