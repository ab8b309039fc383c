//! Naming the series of an instance.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::InstanceKind;
use super::instance::{
    Attached, Counter, DurationHistogram, Gauges, Instance, Instances, Owner, Sampled,
};
use crate::catalogue::{LabelValues, Metric, MetricKind};
use crate::engine::Cell;
use crate::error::AttachError;
use crate::registry::MetricsRegistry;
use crate::series::{Key, OwnedSeries};

/// A gauge that is set at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledGauge(pub(super) usize);

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
            detached: AtomicBool::new(false),
        });
        let owner = Arc::new(Owner { core: Arc::clone(self.core()), attached });
        Ok(InstanceBuilder { owner, series: Vec::new() })
    }

    /// Asks the instances of this kind whether they are there still, as a scrape does; the names of
    /// those that are gone are free afterwards. Runs their callbacks and nothing else: no page is
    /// made, and nobody else's collector called.
    pub fn look_at(&self, kind: InstanceKind) {
        Instances::sample(self.core(), |live| live == kind);
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
        Ok(Counter { _owner: Arc::clone(&self.owner), cell })
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
        Ok(DurationHistogram { owner: Arc::clone(&self.owner), metric, cell })
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
        let store = self.owner.core.store(metric);
        let series = store.reserve(Key::new(closed, &open)).map_err(|_| {
            AttachError::SeriesLimit { metric: family.name, limit: self.owner.core.limit() }
        })?;
        let cell = series.cell;
        self.series.push((metric, series));
        Ok(cell)
    }

    /// Attaches an instance without gauges.
    pub fn build(mut self) -> Instance {
        let attached = &self.owner.attached;
        let series = std::mem::take(&mut self.series);
        attached.series.get_or_init(|| cells(&series));
        // In this order: whoever sees the series sees gauges that were read from the thing.
        attached.core.instances.lock().attach(attached);
        attached.sample();
        attached.show(series);
        Instance(Arc::clone(&self.owner))
    }

    /// Attaches the instance. `sample` is called here and for each scrape to set the gauges; it must
    /// not hold a [`Counter`] or an [`Instance`] of its own instance, which would keep each other.
    pub fn on_scrape(
        self,
        sample: impl Fn(&Gauges<'_>) -> Sampled + Send + Sync + 'static,
    ) -> Instance {
        self.owner.attached.sampler.get_or_init(|| Box::new(sample));
        self.build()
    }
}

impl Drop for InstanceBuilder {
    fn drop(&mut self) {
        // Given up halfway (a full family): places and cells go back.
        for (metric, _) in &self.series {
            self.owner.core.store(*metric).give_up();
        }
        self.owner.attached.series.get_or_init(|| cells(&self.series));
    }
}

fn cells(series: &[(Metric, OwnedSeries)]) -> Vec<(Metric, Cell)> {
    series.iter().map(|(metric, series)| (*metric, series.cell)).collect()
}
