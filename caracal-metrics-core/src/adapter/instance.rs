//! An attached thing, and the handles to its series.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::InstanceKind;
use super::sampling::{Reading, Sampler};
use crate::catalogue::Metric;
use crate::core::Core;
use crate::engine::{self, Cell};
use crate::error::AttachError;
use crate::series::OwnedSeries;

/// Keeps the series of one observed thing in the output.
///
/// Clones share them. When the last clone is dropped the series leave the output and the name is
/// free, at once: a scrape that is reading the instance does not put that off, and neither does a
/// [`Counter`] or a [`DurationHistogram`], even one that the callback holds. What such a handle
/// records from then on is in no output.
#[derive(Clone, Debug)]
#[must_use = "the series leave the output when the instance is dropped"]
pub struct Instance(pub(super) Arc<Owner>);

impl Instance {
    /// The name it was attached with.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.attached.name.as_deref()
    }

    /// Takes the series out of the output and frees the name before the last clone is dropped.
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

/// What the clones of an [`Instance`] share. Series and name go with it: everybody else, a scrape and
/// the handles of series included, keeps [`Attached`] only.
pub(super) struct Owner {
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

/// An instance as those see it who do not keep it attached.
pub(crate) struct Attached {
    pub(super) core: Arc<Core>,
    pub(super) id: u64,
    pub(super) kind: InstanceKind,
    pub(super) name: Option<String>,
    /// Every series of the instance, in the order in which they were asked for.
    pub(super) series: OnceLock<Vec<(Metric, Cell)>>,
    pub(super) sampler: OnceLock<Sampler>,
    /// What callbacks have read since the last page, in order.
    pub(super) readings: Mutex<Vec<Reading>>,
    /// Gauges that nobody has read yet. They are shown once they have a value.
    pub(super) unread: Mutex<Vec<(Metric, OwnedSeries)>>,
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
    /// Takes the series out of the output and frees the name. Handles may still record.
    pub(super) fn detach(&self) {
        if !self.detached.swap(true, SeqCst) {
            for (metric, _) in std::mem::take(&mut *self.unread.lock()) {
                self.core.store(metric).give_up();
            }
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
        // What was added to counters of the registry's own is not lost with the instance.
        self.settle();
        self.core.retire(self.series.take().unwrap_or_default());
    }
}

/// A counter of an instance.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Keeps the cell.
    pub(super) _attached: Arc<Attached>,
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
    pub(super) attached: Arc<Attached>,
    pub(super) metric: Metric,
    pub(super) cell: Cell,
}

impl DurationHistogram {
    /// Counts a duration.
    #[inline]
    pub fn observe(&self, duration: Duration) {
        self.attached.core.observe_cell(self.metric, self.cell, duration);
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

    /// The instances of these kinds, as they are now. The caller drops them under no lock.
    pub(crate) fn attached(
        core: &Core,
        these: impl Fn(InstanceKind) -> bool,
    ) -> Vec<Arc<Attached>> {
        let instances = core.instances.lock();
        let live = instances.live.iter().filter(|live| these(live.kind));
        live.filter_map(|live| live.attached.upgrade()).collect()
    }
}
