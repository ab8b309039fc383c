//! The observer of one runtime.

use caracal_metrics_core::adapter::{Instance, InstanceBuilder, InstanceKind, Sampled};
use caracal_metrics_core::{AttachError, MetricsRegistry};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::probe::Probe;
use crate::reading::RuntimeSeries;

/// The kind of thing that a [`RuntimeObserver`] attaches.
pub const RUNTIME: InstanceKind = InstanceKind::new("tokio runtime");

/// Observes a tokio runtime.
///
/// | family | value |
/// |---|---|
/// | `caracal_tokio_workers` | worker threads; 1 for a current-thread runtime |
/// | `…_alive_tasks` | tasks that were spawned and have not ended |
/// | `…_global_queue_depth` | tasks in the global queue: those that were woken outside of a worker, and those for which the queue of a worker had no room |
/// | `…_scheduling_delay_seconds` | see [below](#the-scheduling-delay) |
/// | `…_worker_busy_seconds_total` | time that a worker spent running tasks, by worker |
/// | `…_worker_parks_total` | how often a worker had nothing to run, by worker |
/// | `…_worker_stalled_seconds` | see [below](#stalled-workers), by worker |
///
/// The share of time that the workers are busy is
/// `sum(rate(caracal_tokio_worker_busy_seconds_total[5m])) / sum(caracal_tokio_workers)`.
///
/// A single runtime needs no name. To observe several runtimes in one registry, give each of them a
/// [name](Self::named), which becomes the label `runtime`.
///
/// # The scheduling delay
///
/// Each scrape wakes a task in the runtime, and the next scrape shows how long that task waited
/// until a worker polled it. If the task is still waiting, the page shows how long it has waited so
/// far. A request that arrives at the time of the scrape waits equally long, so this is the number
/// to alert on. If all workers of a runtime are blocked, the delay grows with each scrape. The task
/// is not counted in `…_alive_tasks`. If you observe a runtime several times (for example, in two
/// registries), each observer counts the tasks of the others.
///
/// # Stalled workers
///
/// A worker of a multi-thread runtime returns to the scheduler between two tasks. A worker that is
/// stuck in a task (a computation, or a call that blocks) does not. If a worker has not returned to
/// the scheduler between two scrapes, the second scrape shows the time since the first one.
/// Otherwise it shows 0. tokio adds the time of such a worker to its own counter only when the
/// worker returns. `…_worker_busy_seconds_total` contains the time that scrapes have seen so far,
/// so the share of busy time is right even while a worker is stuck. The counter never decreases.
///
/// A busy worker updates tokio's counters only after every 61 tasks (by default). A worker that runs
/// many long tasks, one after the other, can therefore also appear to be stuck.
///
/// A current-thread runtime has no such series, because a stuck runtime looks the same as a runtime
/// that nothing drives with `block_on`. The scheduling delay grows in both cases.
///
/// # With `tokio_unstable`
///
/// If the service is built with `--cfg tokio_unstable`, the page also has `…_blocking_threads`,
/// `…_idle_blocking_threads`, `…_blocking_queue_depth`, `…_forced_yields_total`,
/// `…_worker_local_queue_depth`, `…_worker_polls_total` and `…_worker_steals_total`.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_tokio as tokio; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::tokio::RuntimeObserver;
/// use tokio::runtime::Builder;
///
/// let requests = Builder::new_multi_thread().worker_threads(4).build()?;
/// let reports = Builder::new_multi_thread().worker_threads(1).build()?;
///
/// let metrics = MetricsRegistry::new();
/// let _requests = RuntimeObserver::new(requests.handle()).named("requests").attach(&metrics)?;
/// let _reports = RuntimeObserver::new(reports.handle()).named("reports").attach(&metrics)?;
///
/// let workers = |runtime| metrics.sample("caracal_tokio_workers", &[("runtime", runtime)]);
/// assert_eq!((workers("requests"), workers("reports")), (Some(4.0), Some(1.0)));
///
/// // The series of a runtime disappear with the runtime.
/// drop(reports);
/// assert_eq!(workers("reports"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is observed until `attach`"]
pub struct RuntimeObserver {
    runtime: Handle,
    name: Option<String>,
}

impl RuntimeObserver {
    /// Creates an observer of this runtime.
    pub fn new(runtime: &Handle) -> Self {
        Self { runtime: runtime.clone(), name: None }
    }

    /// Adds the label `runtime` with this value to all series of the runtime.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds the series of the runtime to the output, until the guard or the runtime is dropped.
    ///
    /// This method spawns one task in the runtime, for the [scheduling delay](Self#the-scheduling-delay).
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty, if another live runtime has it, or if runtimes with and
    /// without names would be in the same registry.
    pub fn attach(self, metrics: &MetricsRegistry) -> Result<RuntimeGuard, AttachError> {
        let Self { runtime, name } = self;
        let mut builder = reserve(metrics, name.as_deref())?;
        let series = RuntimeSeries::new(&runtime, name.as_deref(), &mut builder)?;
        let (probe, task) = Probe::spawn(&runtime);
        let instance = builder.on_scrape(move |scrape| match probe.upgrade() {
            Some(probe) => {
                series.scrape(&probe, scrape);
                Sampled::Live
            }
            None => Sampled::Gone,
        });
        Ok(RuntimeGuard { instance, task })
    }
}

/// Reserves the name. The name may still be held by a runtime that has ended since the last scrape.
fn reserve(metrics: &MetricsRegistry, name: Option<&str>) -> Result<InstanceBuilder, AttachError> {
    metrics.attach(RUNTIME, name).or_else(|error| match error {
        AttachError::NameTaken { .. }
        | AttachError::UnnamedTaken { .. }
        | AttachError::NamedAndUnnamed { .. } => {
            metrics.look_at(RUNTIME);
            metrics.attach(RUNTIME, name)
        }
        error => Err(error),
    })
}

/// Keeps the series of a runtime in the output. Dropping it removes the series and frees the name.
///
/// The guard does not keep the runtime alive. After the runtime is shut down, the next scrape removes its
/// series.
///
/// Bind it to a name. `let _ =` drops it immediately, without a compiler warning by default. The lint
/// `let_underscore_drop` of rustc warns about this.
#[derive(Debug)]
#[must_use = "the runtime's series leave the output when the guard is dropped"]
pub struct RuntimeGuard {
    instance: Instance,
    task: AbortHandle,
}

impl RuntimeGuard {
    /// Returns the name of the runtime in the metrics, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.instance.name()
    }
}

impl Drop for RuntimeGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}
