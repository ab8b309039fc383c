//! A wrapped cache: what its calls record into, and what a scrape reads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use caracal_metrics_core::adapter::{
    Counter, Instance, InstanceBuilder, InstanceKind, Sampled, SampledGauge,
};
use caracal_metrics_core::catalogue::Metric;
use caracal_metrics_core::{AttachError, MetricsRegistry};

use crate::kind::sealed::Kind;
use crate::recorder::{Lookups, Recorder};
use crate::removals::{CAUSES, Removals};

/// The value of the `cache` label on the families that the policy cache shares with the others.
const POLICY: &str = "policy";

/// What is to be observed, and how.
#[derive(Debug)]
pub(crate) struct Subject {
    /// None for the policy cache.
    pub(crate) name: Option<String>,
    pub(crate) lazy_size: bool,
    pub(crate) removals: Arc<Removals>,
}

impl Subject {
    /// Whether a listener is in use: the cache keeps the one that it was built with alive.
    fn is_listening(&self) -> bool {
        Arc::strong_count(&self.removals) > 1
    }
}

/// What all clones of a wrapper share.
#[derive(Debug)]
pub(crate) struct Observation<C> {
    pub(crate) cache: C,
    pub(crate) recorder: Recorder,
    /// Scrapes hold it weakly, so it ends with the last clone of the wrapper.
    source: Arc<Source<C>>,
    _instances: (Instance, Option<Instance>),
}

impl<C: Kind> Observation<C> {
    pub(crate) fn new(
        subject: Subject,
        cache: C,
        metrics: &MetricsRegistry,
    ) -> Result<Arc<Self>, AttachError> {
        let listening = subject.is_listening();
        let mut policy = match subject.name {
            Some(_) => None,
            None => Some(metrics.attach(InstanceKind::PolicyCache, None)?),
        };
        let name = subject.name.as_deref().unwrap_or(POLICY);
        let mut builder = metrics.attach(InstanceKind::Cache, Some(name))?;
        let lookups = match policy {
            Some(_) => Lookups::Policy(metrics.clone()),
            None => Lookups::Named {
                hits: builder.counter(Metric::CacheHits, &[])?,
                misses: builder.counter(Metric::CacheMisses, &[])?,
            },
        };
        let recorder = Recorder {
            lookups,
            load_success: builder.histogram(Metric::CacheLoadDuration, &["success"])?,
            load_error: builder.histogram(Metric::CacheLoadDuration, &["error"])?,
        };
        let counters = if listening {
            let evictions = match policy {
                Some(_) => Evictions::Policy(metrics.clone()),
                None => Evictions::Named(builder.counter(Metric::CacheEvictions, &[])?),
            };
            Some(RemovalCounters::new(evictions, &mut builder)?)
        } else {
            None
        };
        let size = match &mut policy {
            Some(policy) => policy.gauge(Metric::PolicyCacheSize, &[])?,
            None => builder.gauge(Metric::CacheSize, &[])?,
        };
        let weighted_size = builder.gauge(Metric::CacheWeightedSize, &[])?;

        // Nothing fails from here on, so a cache that could not be attached has counted nothing.
        let source = Arc::new(Source {
            cache: cache.clone(),
            lazy_size: subject.lazy_size,
            removals: subject.removals,
            counters,
        });
        let size: Reading<C> = (size, C::entry_count);
        let weighted_size: Reading<C> = (weighted_size, C::weighted_size);
        let instances = if let Some(policy) = policy {
            // A scrape reads instances in the order in which they were attached. Brought up to date
            // twice, the page would have what expires in between in its size and among its removals.
            (
                on_scrape(policy, &source, Source::bring_up_to_date, vec![size]),
                Some(on_scrape(builder, &source, |_| {}, vec![weighted_size])),
            )
        } else {
            let gauges = vec![size, weighted_size];
            (on_scrape(builder, &source, Source::bring_up_to_date, gauges), None)
        };
        Ok(Arc::new(Self { cache, recorder, source, _instances: instances }))
    }
}

impl<C> Observation<C> {
    pub(crate) fn counts_evictions(&self) -> bool {
        self.source.counters.is_some()
    }
}

/// A gauge, and what it shows of a cache.
type Reading<C> = (SampledGauge, fn(&C) -> u64);

fn on_scrape<C: Kind>(
    builder: InstanceBuilder,
    source: &Arc<Source<C>>,
    before: fn(&Source<C>),
    gauges: Vec<Reading<C>>,
) -> Instance {
    let source = Arc::downgrade(source);
    builder.on_scrape(move |values| {
        // Gone while the scrape was under way: the series go with it.
        if let Some(source) = source.upgrade() {
            before(&source);
            for (gauge, read) in &gauges {
                values.set(*gauge, read(&source.cache));
            }
        }
        Sampled::Live
    })
}

/// What a scrape reads.
#[derive(Debug)]
struct Source<C> {
    cache: C,
    lazy_size: bool,
    removals: Arc<Removals>,
    /// None if the cache was built without our listener.
    counters: Option<RemovalCounters>,
}

impl<C: Kind> Source<C> {
    fn bring_up_to_date(&self) {
        if !self.lazy_size {
            // May run the user's code (predicates of `invalidate_entries_if`), and a scrape never
            // fails because of it.
            let _ = catch_unwind(AssertUnwindSafe(|| self.cache.run_pending_tasks()));
        }
        self.carry_over();
    }
}

impl<C> Source<C> {
    fn carry_over(&self) {
        if let Some(counters) = &self.counters {
            counters.add(&self.removals);
        }
    }
}

impl<C> Drop for Source<C> {
    fn drop(&mut self) {
        // The policy cache's counter stays when the cache goes.
        self.carry_over();
    }
}

#[derive(Debug)]
struct RemovalCounters {
    evictions: Evictions,
    /// In the order of [`CAUSES`].
    removals: Vec<Counter>,
}

#[derive(Debug)]
enum Evictions {
    Policy(MetricsRegistry),
    Named(Counter),
}

impl RemovalCounters {
    fn new(evictions: Evictions, builder: &mut InstanceBuilder) -> Result<Self, AttachError> {
        let removals = CAUSES
            .iter()
            .map(|cause| builder.counter(Metric::CacheRemovals, &[cause]))
            .collect::<Result<_, _>>()?;
        Ok(Self { evictions, removals })
    }

    fn add(&self, removals: &Removals) {
        for ((cause, n), removed) in removals.take().into_iter().zip(&self.removals) {
            removed.inc_by(n);
            if cause.was_evicted() {
                self.evictions.add(n);
            }
        }
    }
}

impl Evictions {
    fn add(&self, n: u64) {
        match self {
            Self::Named(counter) => counter.inc_by(n),
            Self::Policy(metrics) => {
                for _ in 0..n {
                    metrics.record_policy_cache_eviction();
                }
            }
        }
    }
}
