//! The families of this adapter.

use caracal_metrics_core::{Counter, Family, FamilySpec, FloatCounter, FloatGauge, Gauge, labels};

labels! {
    /// The label of a runtime.
    pub struct Runtime<'a> {
        /// The name of the runtime, if it has one.
        pub runtime: Option<&'a str>,
    }

    /// The labels of a worker of a runtime.
    pub struct Worker<'a> {
        /// The name of the runtime, if it has one.
        pub runtime: Option<&'a str>,
        /// The index of the worker, from 0.
        pub worker: &'a str,
    }
}

/// `tokio_workers`.
pub static TOKIO_WORKERS: Family<Gauge, Runtime<'_>> =
    Family::gauge("tokio_workers", "Number of worker threads of a tokio runtime")
        .namespaced()
        .shown_once_used();

/// `tokio_alive_tasks`.
pub static TOKIO_ALIVE_TASKS: Family<Gauge, Runtime<'_>> =
    Family::gauge("tokio_alive_tasks", "Number of spawned tasks that have not completed")
        .namespaced()
        .shown_once_used();

/// `tokio_global_queue_depth`.
pub static TOKIO_GLOBAL_QUEUE_DEPTH: Family<Gauge, Runtime<'_>> = Family::gauge(
    "tokio_global_queue_depth",
    "Number of tasks in the runtime's global queue that no worker has taken",
)
.namespaced()
.shown_once_used();

/// `tokio_scheduling_delay_seconds`.
pub static TOKIO_SCHEDULING_DELAY: Family<FloatGauge, Runtime<'_>> = Family::float_gauge(
    "tokio_scheduling_delay_seconds",
    "Time that the task woken by the previous scrape waited for a worker, or has waited so far",
)
.unit("seconds")
.namespaced()
.shown_once_used();

/// `tokio_worker_busy_seconds_total`.
pub static TOKIO_WORKER_BUSY: Family<FloatCounter, Worker<'_>> = Family::float_counter(
    "tokio_worker_busy_seconds_total",
    "Total time that a worker has spent running tasks, including the task that it is running now",
)
.unit("seconds")
.namespaced()
.shown_once_used();

/// `tokio_worker_parks_total`.
pub static TOKIO_WORKER_PARKS: Family<Counter, Worker<'_>> = Family::counter(
    "tokio_worker_parks_total",
    "Total number of times that a worker parked because it had nothing to run",
)
.namespaced()
.shown_once_used();

/// `tokio_worker_stalled_seconds`.
pub static TOKIO_WORKER_STALLED: Family<FloatGauge, Worker<'_>> = Family::float_gauge(
    "tokio_worker_stalled_seconds",
    "Time that a worker has gone without returning to the scheduler, as observed by scrapes; 0 if it has \
     returned since the previous scrape",
)
.unit("seconds")
.namespaced()
.shown_once_used();

/// `tokio_blocking_threads`, with `tokio_unstable`.
pub static TOKIO_BLOCKING_THREADS: Family<Gauge, Runtime<'_>> =
    Family::gauge("tokio_blocking_threads", "Number of threads for blocking tasks")
        .namespaced()
        .shown_once_used();

/// `tokio_idle_blocking_threads`, with `tokio_unstable`.
pub static TOKIO_IDLE_BLOCKING_THREADS: Family<Gauge, Runtime<'_>> =
    Family::gauge("tokio_idle_blocking_threads", "Number of idle threads for blocking tasks")
        .namespaced()
        .shown_once_used();

/// `tokio_blocking_queue_depth`, with `tokio_unstable`.
pub static TOKIO_BLOCKING_QUEUE_DEPTH: Family<Gauge, Runtime<'_>> =
    Family::gauge("tokio_blocking_queue_depth", "Number of blocking tasks waiting for a thread")
        .namespaced()
        .shown_once_used();

/// `tokio_forced_yields_total`, with `tokio_unstable`.
pub static TOKIO_FORCED_YIELDS: Family<Counter, Runtime<'_>> = Family::counter(
    "tokio_forced_yields_total",
    "Total number of times that a task had to yield because it had used up its budget",
)
.namespaced()
.shown_once_used();

/// `tokio_worker_local_queue_depth`, with `tokio_unstable`.
pub static TOKIO_WORKER_LOCAL_QUEUE_DEPTH: Family<Gauge, Worker<'_>> =
    Family::gauge("tokio_worker_local_queue_depth", "Number of tasks in the queue of a worker")
        .namespaced()
        .shown_once_used();

/// `tokio_worker_polls_total`, with `tokio_unstable`.
pub static TOKIO_WORKER_POLLS: Family<Counter, Worker<'_>> = Family::counter(
    "tokio_worker_polls_total",
    "Total number of times that a worker polled a task",
)
.namespaced()
.shown_once_used();

/// `tokio_worker_steals_total`, with `tokio_unstable`.
pub static TOKIO_WORKER_STEALS: Family<Counter, Worker<'_>> = Family::counter(
    "tokio_worker_steals_total",
    "Total number of tasks that a worker took from the queue of another worker",
)
.namespaced()
.shown_once_used();

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 14] = [
    TOKIO_WORKERS.spec(),
    TOKIO_ALIVE_TASKS.spec(),
    TOKIO_GLOBAL_QUEUE_DEPTH.spec(),
    TOKIO_SCHEDULING_DELAY.spec(),
    TOKIO_WORKER_BUSY.spec(),
    TOKIO_WORKER_PARKS.spec(),
    TOKIO_WORKER_STALLED.spec(),
    TOKIO_BLOCKING_THREADS.spec(),
    TOKIO_IDLE_BLOCKING_THREADS.spec(),
    TOKIO_BLOCKING_QUEUE_DEPTH.spec(),
    TOKIO_FORCED_YIELDS.spec(),
    TOKIO_WORKER_LOCAL_QUEUE_DEPTH.spec(),
    TOKIO_WORKER_POLLS.spec(),
    TOKIO_WORKER_STEALS.spec(),
];

/// The families of the catalogue that this crate feeds. There are none.
pub static FED_FAMILIES: [&FamilySpec; 0] = [];
