//! Declares the series of an instance.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::instance::{Attached, Instance, Owner};
use super::instances::Observed;
use super::sampling::{
    Gauges, Sampled, SampledCounter, SampledFloatCounter, SampledFloatGauge, SampledGauge, Target,
};
use crate::engine::Cell;
use crate::error::AttachError;
use crate::family::Family;
use crate::instance_kind::InstanceKind;
use crate::kinds::{Counter, FloatCounter, FloatGauge, Gauge, Kind, Series};
use crate::labels::{LabelSet, Labels};
use crate::registry::MetricsRegistry;
use crate::series::cut::Value;
use crate::series::{FamilyStore, OwnedSeries};
use crate::workers::Task;

/// Declares the series of one observed thing. See the [module](crate::adapter).
#[derive(Debug)]
#[must_use = "nothing is attached until `build` or `on_scrape`"]
pub struct InstanceBuilder {
    metrics: MetricsRegistry,
    owner: Arc<Owner>,
    series: Vec<(Arc<FamilyStore>, OwnedSeries)>,
    shared: Vec<Series>,
}

impl MetricsRegistry {
    /// Reserves a name for an observed thing.
    ///
    /// A name that is longer than
    /// [`max_label_value_bytes`](crate::MetricsRegistryBuilder::max_label_value_bytes) is cut, like a label
    /// value.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty or already used, or if instances with and without names would be
    /// mixed.
    pub fn attach(
        &self,
        kind: InstanceKind,
        name: Option<&str>,
    ) -> Result<InstanceBuilder, AttachError> {
        let limit = self.instances().state().settings().value_bytes;
        let name = name.map(|name| Value::within(name, limit));
        let id = self.instances().reserve(kind, name.as_deref())?;
        let attached = Arc::new(Attached {
            instances: Arc::clone(self.instances()),
            id,
            kind,
            name: name.as_deref().map(str::to_owned),
            series: OnceLock::new(),
            shared: OnceLock::new(),
            callback: Mutex::default(),
            task: OnceLock::new(),
            readings: Mutex::default(),
            unread: Mutex::default(),
            detached: AtomicBool::new(false),
        });
        let owner = Arc::new(Owner { attached });
        Ok(InstanceBuilder { metrics: self.clone(), owner, series: Vec::new(), shared: Vec::new() })
    }

    /// Checks whether the instances of this kind still exist, as a scrape does. Afterwards, the names of those
    /// that do not exist are free. This runs their callbacks, but creates no page and calls no collector.
    pub fn look_at(&self, kind: InstanceKind) {
        let instances = self.instances().attached(|live| live == kind);
        self.instances().sample(&instances);
        self.instances().page(instances, || ());
    }
}

impl InstanceBuilder {
    /// Returns a series of this instance to record into.
    ///
    /// If the family is not registered yet, this waits as [`family`](MetricsRegistry::family) does.
    ///
    /// # Errors
    ///
    /// Returns an error if the family is full, has a label that is aggregated, or can't be
    /// [registered](MetricsRegistry::family).
    pub fn series<K: Kind, L: Labels>(
        &mut self,
        family: &'static Family<K, L>,
        labels: L::Of<'_>,
    ) -> Result<K, AttachError> {
        let (store, cell) = self.own(family, &labels)?;
        Ok(K::from_series(Series::owned(&store, cell, Arc::clone(&self.owner.attached) as _)))
    }

    /// Returns a gauge of this instance that is set at scrape.
    ///
    /// # Errors
    ///
    /// As for [`series`](Self::series).
    pub fn sampled_gauge<L: Labels>(
        &mut self,
        family: &'static Family<Gauge, L>,
        labels: L::Of<'_>,
    ) -> Result<SampledGauge, AttachError> {
        self.own(family, &labels)?;
        Ok(SampledGauge(self.series.len() - 1))
    }

    /// Returns a gauge of floating-point numbers of this instance that is set at scrape.
    ///
    /// # Errors
    ///
    /// As for [`series`](Self::series).
    pub fn sampled_float_gauge<L: Labels>(
        &mut self,
        family: &'static Family<FloatGauge, L>,
        labels: L::Of<'_>,
    ) -> Result<SampledFloatGauge, AttachError> {
        self.own(family, &labels)?;
        Ok(SampledFloatGauge(self.series.len() - 1))
    }

    /// Returns a counter of floating-point numbers of this instance that is added to at scrape.
    ///
    /// # Errors
    ///
    /// As for [`series`](Self::series).
    pub fn sampled_float_counter<L: Labels>(
        &mut self,
        family: &'static Family<FloatCounter, L>,
        labels: L::Of<'_>,
    ) -> Result<SampledFloatCounter, AttachError> {
        self.own(family, &labels)?;
        Ok(SampledFloatCounter(self.series.len() - 1))
    }

    /// Returns a counter of this instance that is added to at scrape.
    ///
    /// # Errors
    ///
    /// As for [`series`](Self::series).
    pub fn sampled_counter<L: Labels>(
        &mut self,
        family: &'static Family<Counter, L>,
        labels: L::Of<'_>,
    ) -> Result<SampledCounter, AttachError> {
        self.own(family, &labels)?;
        Ok(SampledCounter(Target::Own(self.series.len() - 1)))
    }

    /// Returns a counter of the registry that is added to at scrape. It stays in the output after the instance
    /// is gone.
    ///
    /// # Errors
    ///
    /// Returns an error if the family can't be [registered](MetricsRegistry::family).
    pub fn shared_counter<L: Labels>(
        &mut self,
        family: &'static Family<Counter, L>,
        labels: L::Of<'_>,
    ) -> Result<SampledCounter, AttachError> {
        let store = self.metrics.register_family(family.spec(), &[])?;
        self.shared.push(Series::of(&store, &labels));
        Ok(SampledCounter(Target::Shared(self.shared.len() - 1)))
    }

    fn own<K, L: Labels>(
        &mut self,
        family: &'static Family<K, L>,
        labels: &impl LabelSet,
    ) -> Result<(Arc<FamilyStore>, Cell), AttachError> {
        let store = self.metrics.register_family(family.spec(), &[])?;
        if let Some(label) = store.aggregated_label() {
            let (metric, label) = (store.name().to_owned(), label.to_owned());
            return Err(AttachError::AggregatedLabel { metric, label });
        }
        let series = store.reserve_set(labels).map_err(|full| AttachError::SeriesLimit {
            metric: store.name().to_owned(),
            limit: full.limit,
        })?;
        let cell = series.cell;
        self.series.push((Arc::clone(&store), series));
        Ok((store, cell))
    }

    /// Attaches an instance without gauges.
    pub fn build(mut self) -> Instance {
        let attached = &self.owner.attached;
        let series = std::mem::take(&mut self.series);
        attached.series.get_or_init(|| cells(&series));
        attached.shared.get_or_init(|| std::mem::take(&mut self.shared));
        // The order matters: a page that has the series also has gauges that were read from the thing.
        let observed: Weak<dyn Observed> = Arc::<Attached>::downgrade(attached);
        if attached.task().is_some() {
            let (gauges, others) =
                series.into_iter().partition(|(store, _)| store.kind().is_gauge());
            *attached.unread.lock() = gauges;
            attached.instances.attach(attached.id, observed);
            attached.show(others);
        } else {
            attached.bring_up_to_date();
            attached.instances.attach(attached.id, observed);
            attached.show(series);
        }
        Instance(Arc::clone(&self.owner))
    }

    /// Attaches the instance. Each scrape calls `sample` to set the gauges. They are in the output after its
    /// first run.
    ///
    /// `sample` may take locks, run code of the application, and read the metrics. It runs on a thread of the
    /// registry, never more than once at a time, and a scrape waits for it for at most
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout). If it panics or takes longer,
    /// this is counted in `caracal_metrics_collection_errors_total`, and its gauges keep their last values.
    ///
    /// It must not hold an [`Instance`] of its own, because both would then keep each other alive.
    pub fn on_scrape(
        self,
        sample: impl Fn(&Gauges<'_>) -> Sampled + Send + Sync + 'static,
    ) -> Instance {
        let attached = Arc::downgrade(&self.owner.attached);
        let task = Task::new(move || {
            if let Some(attached) = attached.upgrade() {
                attached.sample_isolated();
            }
        });
        self.owner.attached.task.get_or_init(|| task);
        *self.owner.attached.callback.lock() = Some(Arc::new(sample));
        self.build()
    }

    /// Attaches the instance, like [`on_scrape`](Self::on_scrape), with a callback that only does quick
    /// operations such as loading atomics. It is called now and at each scrape, on the thread that reads the
    /// metrics, while no other page is written. It must not wait for anything, read the metrics, or run code
    /// that does not belong to the adapter. This includes dropping a value of the application.
    pub fn on_scrape_inline(
        self,
        sample: impl Fn(&Gauges<'_>) -> Sampled + Send + Sync + 'static,
    ) -> Instance {
        *self.owner.attached.callback.lock() = Some(Arc::new(sample));
        self.build()
    }
}

impl Drop for InstanceBuilder {
    fn drop(&mut self) {
        // If the instance is not completed, for example because a family is full, its places and cells are
        // freed.
        for (store, _) in &self.series {
            store.give_up();
        }
        self.owner.attached.series.get_or_init(|| cells(&self.series));
    }
}

fn cells(series: &[(Arc<FamilyStore>, OwnedSeries)]) -> Vec<(Arc<FamilyStore>, Cell)> {
    series.iter().map(|(store, series)| (Arc::clone(store), series.cell)).collect()
}
