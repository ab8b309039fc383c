//! Values that tokio reports only if the service is built with `--cfg tokio_unstable`.

use caracal_metrics_core::AttachError;
use caracal_metrics_core::adapter::{Gauges, InstanceBuilder, SampledGauge};
use tokio::runtime::RuntimeMetrics;

use crate::families::{
    Runtime, TOKIO_BLOCKING_QUEUE_DEPTH, TOKIO_BLOCKING_THREADS, TOKIO_FORCED_YIELDS,
    TOKIO_IDLE_BLOCKING_THREADS, TOKIO_WORKER_LOCAL_QUEUE_DEPTH, TOKIO_WORKER_POLLS,
    TOKIO_WORKER_STEALS, Worker,
};
use crate::total::Total;

pub(crate) struct UnstableSeries {
    blocking_threads: SampledGauge,
    idle_blocking_threads: SampledGauge,
    blocking_queue_depth: SampledGauge,
    forced_yields: Total,
    of_workers: Vec<WorkerSeries>,
}

struct WorkerSeries {
    local_queue_depth: SampledGauge,
    polls: Total,
    steals: Total,
}

impl UnstableSeries {
    pub(crate) fn new(
        runtime: &RuntimeMetrics,
        name: Option<&str>,
        builder: &mut InstanceBuilder,
    ) -> Result<Self, AttachError> {
        let label = Runtime { runtime: name };
        let workers = 0..runtime.num_workers();
        Ok(Self {
            blocking_threads: builder.sampled_gauge(&TOKIO_BLOCKING_THREADS, label)?,
            idle_blocking_threads: builder.sampled_gauge(&TOKIO_IDLE_BLOCKING_THREADS, label)?,
            blocking_queue_depth: builder.sampled_gauge(&TOKIO_BLOCKING_QUEUE_DEPTH, label)?,
            forced_yields: Total::new(builder.sampled_counter(&TOKIO_FORCED_YIELDS, label)?),
            of_workers: workers
                .map(|worker| WorkerSeries::new(name, worker, builder))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn scrape(&self, runtime: &RuntimeMetrics, scrape: &Gauges<'_>) {
        scrape.set(self.blocking_threads, runtime.num_blocking_threads() as u64);
        scrape.set(self.idle_blocking_threads, runtime.num_idle_blocking_threads() as u64);
        scrape.set(self.blocking_queue_depth, runtime.blocking_queue_depth() as u64);
        self.forced_yields.set(runtime.budget_forced_yield_count(), scrape);
        for (index, series) in self.of_workers.iter().enumerate() {
            let depth = runtime.worker_local_queue_depth(index) as u64;
            scrape.set(series.local_queue_depth, depth);
            series.polls.set(runtime.worker_poll_count(index), scrape);
            series.steals.set(runtime.worker_steal_count(index), scrape);
        }
    }
}

impl WorkerSeries {
    fn new(
        runtime: Option<&str>,
        worker: usize,
        builder: &mut InstanceBuilder,
    ) -> Result<Self, AttachError> {
        let worker = worker.to_string();
        let label = Worker { runtime, worker: &worker };
        let depth = builder.sampled_gauge(&TOKIO_WORKER_LOCAL_QUEUE_DEPTH, label)?;
        Ok(Self {
            local_queue_depth: depth,
            polls: Total::new(builder.sampled_counter(&TOKIO_WORKER_POLLS, label)?),
            steals: Total::new(builder.sampled_counter(&TOKIO_WORKER_STEALS, label)?),
        })
    }
}
