//! The kit that adapters have to pass.

use caracal_metrics_core::conformance::Conformance;
use caracal_tokio::RuntimeObserver;
use caracal_tokio::families::{
    TOKIO_ALIVE_TASKS, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY, TOKIO_WORKER_BUSY,
    TOKIO_WORKER_PARKS, TOKIO_WORKER_STALLED, TOKIO_WORKERS,
};
use tokio::runtime::Builder;

#[test]
fn a_runtime_passes() {
    let attached = Conformance::of_instances("tokio", |metrics, name| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        let guard = RuntimeObserver::new(runtime.handle()).named(name).attach(metrics)?;
        // The guard goes first, as it does where a service ends.
        Ok((guard, runtime))
    });
    let attached = attached
        .exercise(|(_, runtime)| runtime.block_on(runtime.spawn(async {})).expect("no panic"));
    // The others need `tokio_unstable`.
    let attached = if cfg!(tokio_unstable) {
        attached
    } else {
        attached.families(&[
            TOKIO_WORKERS.spec(),
            TOKIO_ALIVE_TASKS.spec(),
            TOKIO_GLOBAL_QUEUE_DEPTH.spec(),
            TOKIO_SCHEDULING_DELAY.spec(),
            TOKIO_WORKER_BUSY.spec(),
            TOKIO_WORKER_PARKS.spec(),
            TOKIO_WORKER_STALLED.spec(),
        ])
    };
    attached.check();
}
