//! An attached thing, and the handles to its series.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::{InstanceKind, SampledGauge};
use crate::catalogue::Metric;
use crate::core::Core;
use crate::engine::{self, Cell};
use crate::error::AttachError;
use crate::series::OwnedSeries;

/// Whether the thing is still there to be observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// It is.
    Live,
    /// It is gone or closed: its series leave the output with this scrape, and its name is free.
    Gone,
}

type Sampler = Box<dyn Fn(&Gauges<'_>) -> Sampled + Send + Sync>;

/// Keeps the series of one observed thing in the output.
///
/// Clones share them. They go when the last clone and the last [`Counter`] and
/// [`DurationHistogram`] of the instance are dropped.
///
/// Bind it to a name: `let _ =` drops it at once. See [`InFlightGuard`](crate::InFlightGuard) for the
/// lint that finds this.
///
/// ```
/// # use caracal_metrics_core::MetricsRegistry;
/// # use caracal_metrics_core::adapter::{InstanceKind, Sampled};
/// # use caracal_metrics_core::catalogue::Metric;
/// let metrics = MetricsRegistry::new();
/// let attach = || {
///     let mut builder = metrics.attach(InstanceKind::Cache, Some("sessions"))?;
///     let size = builder.gauge(Metric::CacheSize, &[])?;
///     Ok(builder.on_scrape(move |gauges| {
///         gauges.set(size, 7);
///         Sampled::Live
///     }))
/// };
/// let size = || metrics.sample("caracal_cache_size", &[("cache", "sessions")]);
///
/// let _ = attach()?;
/// assert_eq!(size(), None);
///
/// let _sessions = attach()?;
/// assert_eq!(size(), Some(7.0));
/// # Ok::<(), caracal_metrics_core::AttachError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "the series leave the output when the instance is dropped"]
pub struct Instance(pub(super) Arc<Owner>);

impl Instance {
    /// The name it was attached with.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.attached.name.as_deref()
    }

    /// Takes the series out of the output and frees the name at once, whatever handles are left and
    /// even while a scrape is reading the instance; what they record from now on is not shown.
    ///
    /// ```
    /// # use caracal_metrics_core::MetricsRegistry;
    /// # use caracal_metrics_core::adapter::InstanceKind;
    /// # use caracal_metrics_core::catalogue::Metric;
    /// let metrics = MetricsRegistry::new();
    /// let mut builder = metrics.attach(InstanceKind::Cache, Some("sessions"))?;
    /// let hits = builder.counter(Metric::CacheHits, &[])?;
    /// let instance = builder.build();
    ///
    /// instance.detach();
    /// hits.inc();
    /// assert_eq!(metrics.sample("caracal_cache_hits_total", &[("cache", "sessions")]), None);
    /// assert!(metrics.attach(InstanceKind::Cache, Some("sessions")).is_ok());
    /// # Ok::<(), caracal_metrics_core::AttachError>(())
    /// ```
    pub fn detach(&self) {
        self.0.attached.detach();
    }
}

/// What all handles of an instance share. Series and name go with it, at once: a scrape that is
/// under way keeps [`Attached`] only.
pub(super) struct Owner {
    pub(super) core: Arc<Core>,
    pub(super) attached: Arc<Attached>,
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attached.fmt(f)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.attached.detach();
    }
}

pub(super) struct Attached {
    pub(super) core: Arc<Core>,
    pub(super) id: u64,
    pub(super) kind: InstanceKind,
    pub(super) name: Option<String>,
    /// Every series of the instance, in the order in which they were asked for.
    pub(super) series: OnceLock<Vec<(Metric, Cell)>>,
    pub(super) sampler: OnceLock<Sampler>,
    pub(super) detached: AtomicBool,
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Attached {
    /// Brings the gauges up to date. Those of a callback that panics keep what they last read.
    pub(super) fn sample(&self) {
        let Some(sampler) = self.sampler.get() else { return };
        match catch_unwind(AssertUnwindSafe(|| sampler(&Gauges { attached: self }))) {
            Ok(Sampled::Live) => {}
            Ok(Sampled::Gone) => self.detach(),
            Err(_) => self.core.count_collection_error(),
        }
    }

    /// Takes the series out of the output and frees the name. Handles may still record.
    pub(super) fn detach(&self) {
        if !self.detached.swap(true, SeqCst) {
            self.disown();
            self.core.instances.lock().live.retain(|live| live.id != self.id);
        }
    }

    /// Shows the series, unless the thing is gone already.
    pub(super) fn show(&self, series: Vec<(Metric, OwnedSeries)>) {
        for (metric, series) in series {
            self.core.store(metric).own(self.id, series);
        }
        // A scrape may have found it gone before they were shown.
        if self.detached.load(SeqCst) {
            self.disown();
        }
    }

    fn disown(&self) {
        for metric in Metric::ALL {
            self.core.store(metric).disown(self.id);
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.core.retire(self.series.take().unwrap_or_default());
    }
}

/// Where a scrape's callback puts what it reads.
#[derive(Debug)]
pub struct Gauges<'a> {
    attached: &'a Attached,
}

impl Gauges<'_> {
    /// Sets a gauge of this instance.
    pub fn set(&self, gauge: SampledGauge, value: u64) {
        let Some((_, cell)) = self.attached.series.get().and_then(|series| series.get(gauge.0))
        else {
            return;
        };
        engine::set(*cell, i64::try_from(value).unwrap_or(i64::MAX));
    }
}

/// A counter of an instance.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Keeps the cell.
    pub(super) _owner: Arc<Owner>,
    pub(super) cell: Cell,
}

impl Counter {
    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Adds `n`.
    #[inline]
    pub fn inc_by(&self, n: u64) {
        engine::add(self.cell, n);
    }
}

/// A histogram of durations of an instance.
#[derive(Clone, Debug)]
pub struct DurationHistogram {
    pub(super) owner: Arc<Owner>,
    pub(super) metric: Metric,
    pub(super) cell: Cell,
}

impl DurationHistogram {
    /// Counts a duration.
    #[inline]
    pub fn observe(&self, duration: Duration) {
        self.owner.core.observe_cell(self.metric, self.cell, duration);
    }
}

/// The instances of a registry that are attached.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    next_id: u64,
    live: Vec<Live>,
}

#[derive(Debug)]
struct Live {
    id: u64,
    kind: InstanceKind,
    name: Option<String>,
    /// Weak: the registry keeps nothing that it observes.
    attached: Weak<Attached>,
}

impl Instances {
    /// Gives out an id, and with it the name.
    pub(super) fn reserve(
        &mut self,
        kind: InstanceKind,
        name: Option<&str>,
    ) -> Result<u64, AttachError> {
        if name.is_some_and(str::is_empty) {
            return Err(AttachError::EmptyName { kind });
        }
        for live in self.live.iter().filter(|live| live.kind == kind) {
            match (live.name.as_deref(), name) {
                (None, None) => return Err(AttachError::UnnamedTaken { kind }),
                (Some(taken), Some(name)) if taken == name => {
                    return Err(AttachError::NameTaken { kind, name: name.to_owned() });
                }
                (Some(_), Some(_)) => {}
                (None, Some(_)) | (Some(_), None) => {
                    return Err(AttachError::NamedAndUnnamed { kind });
                }
            }
        }
        self.next_id += 1;
        let name = name.map(str::to_owned);
        self.live.push(Live { id: self.next_id, kind, name, attached: Weak::new() });
        Ok(self.next_id)
    }

    pub(super) fn attach(&mut self, attached: &Arc<Attached>) {
        if let Some(live) = self.live.iter_mut().find(|live| live.id == attached.id) {
            live.attached = Arc::downgrade(attached);
        }
    }

    /// Whether an instance of this kind is attached.
    pub(crate) fn any(&self, kind: InstanceKind) -> bool {
        self.live.iter().any(|live| live.kind == kind)
    }

    /// Brings the gauges of the instances of these kinds up to date.
    pub(crate) fn sample(core: &Core, these: impl Fn(InstanceKind) -> bool) {
        // The callbacks run the adapters' code and may run the user's: no lock is held meanwhile.
        let attached: Vec<_> = {
            let instances = core.instances.lock();
            let live = instances.live.iter().filter(|live| these(live.kind));
            live.filter_map(|live| live.attached.upgrade()).collect()
        };
        for attached in attached {
            attached.sample();
        }
    }
}
