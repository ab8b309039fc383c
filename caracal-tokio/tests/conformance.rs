//! The conformance kit of the core.

use caracal_metrics_core::conformance::Conformance;
use caracal_tokio::RuntimeObserver;
use caracal_tokio::families::{
    TOKIO_ALIVE_TASKS, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY, TOKIO_WORKER_BUSY,
    TOKIO_WORKER_PARKS, TOKIO_WORKER_STALLED, TOKIO_WORKERS,
};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

#[test]
#[cfg(not(tokio_unstable))]
fn runtimes_pass() {
    Conformance::of_instances("tokio", |metrics, name| {
        let runtime = runtime();
        let guard = RuntimeObserver::new(runtime.handle()).named(name).attach(metrics)?;
        Ok((guard, runtime))
    })
    .families(&[
        TOKIO_WORKERS.spec(),
        TOKIO_ALIVE_TASKS.spec(),
        TOKIO_GLOBAL_QUEUE_DEPTH.spec(),
        TOKIO_SCHEDULING_DELAY.spec(),
        TOKIO_WORKER_BUSY.spec(),
        TOKIO_WORKER_PARKS.spec(),
        TOKIO_WORKER_STALLED.spec(),
    ])
    .exercise(|(_, runtime)| {
        runtime.block_on(async { tokio::spawn(async {}).await.expect("it does not panic") });
    })
    .check();
}
