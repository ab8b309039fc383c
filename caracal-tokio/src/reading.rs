//! The values that a scrape reads from a runtime.

use std::time::Instant;

use caracal_metrics_core::AttachError;
use caracal_metrics_core::adapter::{
    Gauges, InstanceBuilder, SampledFloatCounter, SampledFloatGauge, SampledGauge,
};
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

use crate::families::{
    Runtime, TOKIO_ALIVE_TASKS, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY,
    TOKIO_WORKER_BUSY, TOKIO_WORKER_PARKS, TOKIO_WORKER_STALLED, TOKIO_WORKERS, Worker,
};
use crate::probe::Probe;
use crate::total::Total;
#[cfg(tokio_unstable)]
use crate::unstable::UnstableSeries;
use crate::worker::{Submitted, WorkerState};

/// The series of a runtime.
pub(crate) struct RuntimeSeries {
    runtime: RuntimeMetrics,
    /// Whether the workers run by themselves.
    driven: bool,
    workers: SampledGauge,
    alive_tasks: SampledGauge,
    global_queue_depth: SampledGauge,
    scheduling_delay: SampledFloatGauge,
    of_workers: Vec<WorkerSeries>,
    // Only one scrape at a time runs the callback, so the lock is never contended.
    states: Mutex<Vec<WorkerState>>,
    #[cfg(tokio_unstable)]
    unstable: UnstableSeries,
}

struct WorkerSeries {
    busy: SampledFloatCounter,
    parks: Total,
    stalled: Option<SampledFloatGauge>,
}

impl RuntimeSeries {
    pub(crate) fn new(
        handle: &Handle,
        name: Option<&str>,
        builder: &mut InstanceBuilder,
    ) -> Result<Self, AttachError> {
        let runtime = handle.metrics();
        let label = Runtime { runtime: name };
        let driven = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
        let workers = 0..runtime.num_workers();
        let of_workers = workers
            .clone()
            .map(|worker| WorkerSeries::new(name, worker, driven, builder))
            .collect::<Result<_, _>>()?;
        let now = Instant::now();
        Ok(Self {
            driven,
            workers: builder.sampled_gauge(&TOKIO_WORKERS, label)?,
            alive_tasks: builder.sampled_gauge(&TOKIO_ALIVE_TASKS, label)?,
            global_queue_depth: builder.sampled_gauge(&TOKIO_GLOBAL_QUEUE_DEPTH, label)?,
            scheduling_delay: builder.sampled_float_gauge(&TOKIO_SCHEDULING_DELAY, label)?,
            of_workers,
            states: Mutex::new(workers.map(|_| WorkerState::new(now)).collect()),
            #[cfg(tokio_unstable)]
            unstable: UnstableSeries::new(&runtime, name, builder)?,
            runtime,
        })
    }

    pub(crate) fn scrape(&self, probe: &Probe, scrape: &Gauges<'_>) {
        let runtime = &self.runtime;
        scrape.set(self.workers, runtime.num_workers() as u64);
        // Without the probe, which is a task too.
        scrape.set(self.alive_tasks, runtime.num_alive_tasks().saturating_sub(1) as u64);
        scrape.set(self.global_queue_depth, runtime.global_queue_depth() as u64);
        let now = Instant::now();
        let states = &mut *self.states.lock();
        for ((index, series), state) in self.of_workers.iter().enumerate().zip(states) {
            let shown = state.scrape(Submitted::read(runtime, index), self.driven, now);
            scrape.add_float(series.busy, shown.busy.as_secs_f64());
            series.parks.set(runtime.worker_park_count(index), scrape);
            if let Some(stalled) = series.stalled {
                scrape.set_float(stalled, shown.stalled.as_secs_f64());
            }
        }
        #[cfg(tokio_unstable)]
        self.unstable.scrape(runtime, scrape);
        // This is the last step, so that the probe, which it wakes, is in none of the queues that
        // were read above.
        scrape.set_float(self.scheduling_delay, probe.next().as_secs_f64());
    }
}

impl WorkerSeries {
    fn new(
        runtime: Option<&str>,
        worker: usize,
        driven: bool,
        builder: &mut InstanceBuilder,
    ) -> Result<Self, AttachError> {
        let worker = worker.to_string();
        let label = Worker { runtime, worker: &worker };
        Ok(Self {
            busy: builder.sampled_float_counter(&TOKIO_WORKER_BUSY, label)?,
            parks: Total::new(builder.sampled_counter(&TOKIO_WORKER_PARKS, label)?),
            stalled: driven
                .then(|| builder.sampled_float_gauge(&TOKIO_WORKER_STALLED, label))
                .transpose()?,
        })
    }
}
