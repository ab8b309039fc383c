//! A wrapped cache: the series that its calls record, and the values that a scrape reads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use caracal_metrics_core::adapter::{
    Gauges, Instance, InstanceBuilder, InstanceKind, Sampled, SampledCounter, SampledGauge, release,
};
use caracal_metrics_core::catalogue::{
    POLICY_CACHE_EVICTIONS, POLICY_CACHE_HITS, POLICY_CACHE_MISSES, POLICY_CACHE_SIZE,
};
use caracal_metrics_core::{AttachError, Counter, MetricsRegistry};

use crate::families::{
    CACHE_EVICTIONS, CACHE_HITS, CACHE_LOAD_DURATION, CACHE_MISSES, CACHE_REMOVALS, CACHE_SIZE,
    CACHE_WEIGHTED_SIZE, CacheName, Cause, Load, LoadResult, Removal,
};
use crate::kind::Kind;
use crate::maintenance;
use crate::recorder::Recorder;
use crate::removals::Removals;

/// The kind of thing that a named [`CacheObserver`](crate::CacheObserver) attaches.
pub const CACHE: InstanceKind = InstanceKind::new("cache");

/// The kind of thing that [`CacheObserver::policy`](crate::CacheObserver::policy) attaches.
pub const POLICY_CACHE: InstanceKind = InstanceKind::new("policy cache");

/// The value of the `cache` label in the families that the policy cache shares with other caches.
const POLICY: &str = "policy";

/// The cache to observe, and how to observe it.
#[derive(Debug)]
pub(crate) struct Subject {
    /// `None` for the policy cache.
    pub(crate) name: Option<String>,
    pub(crate) lazy_size: bool,
    pub(crate) removals: Arc<Removals>,
    /// Whether an asynchronous listener was created for the cache.
    pub(crate) awaits: AtomicBool,
}

impl Subject {
    /// Whether a listener is in use. The cache keeps the listener that it was built with alive.
    fn is_listening(&self) -> bool {
        Arc::strong_count(&self.removals) > 1
    }
}

/// The state that all clones of a wrapper share.
#[derive(Debug)]
pub(crate) struct Observation<C> {
    /// The first field, so that the names are free before the user's entries are dropped.
    _instances: (Instance, Option<Instance>),
    pub(crate) cache: C,
    pub(crate) recorder: Recorder,
    pub(crate) counts_evictions: bool,
    /// Scrapes refer to it weakly, so it is dropped with the last clone of the wrapper.
    _source: Arc<Source<C>>,
}

impl<C: Kind> Observation<C> {
    pub(crate) fn new(
        subject: Subject,
        cache: C,
        metrics: &MetricsRegistry,
    ) -> Result<Arc<Self>, AttachError> {
        let listening = subject.is_listening();
        // All series of the policy cache belong to the other instance, so that one callback reads
        // them.
        let policy = match subject.name {
            Some(_) => None,
            None => Some(metrics.attach(POLICY_CACHE, None)?),
        };
        let cache_label = subject.name.as_deref().unwrap_or(POLICY);
        let mut builder = metrics.attach(CACHE, Some(cache_label))?;
        let label = CacheName { cache: cache_label };
        let mut load =
            |result| builder.series(&CACHE_LOAD_DURATION, Load { cache: cache_label, result });
        let (load_success, load_error) = (load(LoadResult::Success)?, load(LoadResult::Error)?);
        // The counters of the policy cache belong to the registry and outlive the cache.
        let (hits, misses) = if policy.is_some() {
            (metrics.family(&POLICY_CACHE_HITS)?, metrics.family(&POLICY_CACHE_MISSES)?)
        } else {
            (builder.series(&CACHE_HITS, label)?, builder.series(&CACHE_MISSES, label)?)
        };
        let recorder = Recorder { hits, misses, load_success, load_error };
        let (counters, evictions) = if listening {
            let evictions = if policy.is_some() {
                builder.shared_counter(&POLICY_CACHE_EVICTIONS, ())?
            } else {
                builder.sampled_counter(&CACHE_EVICTIONS, label)?
            };
            let counters = RemovalCounters::new(evictions, cache_label, &mut builder)?;
            let of_policy = policy.is_some().then(|| metrics.family(&POLICY_CACHE_EVICTIONS));
            (Some(counters), of_policy.transpose()?)
        } else {
            (None, None)
        };
        let size = if policy.is_some() {
            builder.sampled_gauge(&POLICY_CACHE_SIZE, ())?
        } else {
            builder.sampled_gauge(&CACHE_SIZE, label)?
        };
        let weighted_size = builder.sampled_gauge(&CACHE_WEIGHTED_SIZE, label)?;
        let readings = Readings { size, weighted_size, counters };

        // Nothing can fail after this point, so a cache that could not be attached has counted
        // nothing.
        let source = Arc::new(Source {
            cache: cache.clone(),
            needs_runtime: C::MAY_RUN_FUTURES && (!listening || subject.awaits.into_inner()),
            removals: subject.removals,
            evictions,
        });
        let instance = on_scrape(builder, &source, readings, subject.lazy_size);
        let instances = (instance, policy.map(InstanceBuilder::build));
        Ok(Arc::new(Self {
            _instances: instances,
            cache,
            recorder,
            counts_evictions: listening,
            _source: source,
        }))
    }
}

fn on_scrape<C: Kind>(
    builder: InstanceBuilder,
    source: &Arc<Source<C>>,
    readings: Readings,
    lazy_size: bool,
) -> Instance {
    let source = Arc::downgrade(source);
    if lazy_size {
        return builder.on_scrape_inline(move |gauges| {
            // If the cache was dropped during the scrape, its series have already left the output.
            if let Some(source) = source.upgrade() {
                readings.read(&source, gauges);
                release(source);
            }
            Sampled::Live
        });
    }
    builder.on_scrape(move |gauges| {
        if let Some(source) = source.upgrade() {
            let maintained = catch_unwind(AssertUnwindSafe(|| source.maintain(gauges)));
            readings.read(&source, gauges);
            // If a predicate of the user panicked, the panic is counted, and the size is moka's
            // current count.
            maintained.unwrap_or_else(|payload| resume_unwind(payload));
        }
        Sampled::Live
    })
}

/// The parts of a cache that a scrape reads.
#[derive(Debug)]
struct Source<C> {
    cache: C,
    /// Whether the maintenance may poll futures of the user. These are the futures of an
    /// asynchronous listener, which is either inside ours or was set when the cache was built
    /// without ours.
    needs_runtime: bool,
    removals: Arc<Removals>,
    /// The counter for evictions of the policy cache that no scrape has counted yet.
    evictions: Option<Counter>,
}

impl<C: Kind> Source<C> {
    fn maintain(&self, gauges: &Gauges<'_>) {
        // An asynchronous listener may need the runtime for which it was written. Outside of it,
        // the listener would panic and never be called again.
        if !self.needs_runtime || gauges.has_runtime() {
            maintenance::run(&self.cache, gauges.budget());
        }
    }
}

impl<C> Drop for Source<C> {
    fn drop(&mut self) {
        // The counter of the policy cache remains after the cache is dropped.
        if let Some(evictions) = &self.evictions {
            let removed = self.removals.take().into_iter();
            let evicted = removed.filter(|(cause, _)| cause.was_evicted());
            evictions.inc_by(evicted.map(|(_, n)| n).sum());
        }
    }
}

/// The series that a scrape updates.
#[derive(Debug)]
struct Readings {
    size: SampledGauge,
    weighted_size: SampledGauge,
    /// `None` if the cache was built without our listener.
    counters: Option<RemovalCounters>,
}

impl Readings {
    fn read<C: Kind>(&self, source: &Source<C>, gauges: &Gauges<'_>) {
        if let Some(counters) = &self.counters {
            counters.add(&source.removals, gauges);
        }
        gauges.set(self.size, source.cache.entry_count());
        gauges.set(self.weighted_size, source.cache.weighted_size());
    }
}

#[derive(Debug)]
struct RemovalCounters {
    evictions: SampledCounter,
    /// In the order of [`Cause::ALL`].
    removals: Vec<SampledCounter>,
}

impl RemovalCounters {
    fn new(
        evictions: SampledCounter,
        cache: &str,
        builder: &mut InstanceBuilder,
    ) -> Result<Self, AttachError> {
        let removals = Cause::ALL
            .iter()
            .map(|cause| builder.sampled_counter(&CACHE_REMOVALS, Removal { cache, cause: *cause }))
            .collect::<Result<_, _>>()?;
        Ok(Self { evictions, removals })
    }

    fn add(&self, removals: &Removals, gauges: &Gauges<'_>) {
        for ((cause, n), removed) in removals.take().into_iter().zip(&self.removals) {
            gauges.add(*removed, n);
            if cause.was_evicted() {
                gauges.add(self.evictions, n);
            }
        }
    }
}
