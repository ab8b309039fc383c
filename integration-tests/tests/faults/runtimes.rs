//! A runtime whose workers are blocked, scraped by a Prometheus through another runtime.

use std::sync::mpsc;

use anyhow::Result;
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::MetricsEndpoint;
use caracal_metrics::tokio::RuntimeObserver;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;

use crate::monitoring::{QUICK, ensure_quiet, prometheus, until, until_firing, until_resolved};

pub(crate) const ALERTS: [&str; 3] =
    ["TokioRuntimeSaturated", "TokioSchedulingDelayHigh", "TokioWorkerStalled"];
const WORKERS: usize = 2;
/// The number of tasks that wait for a worker.
const WAITING: usize = 10;

/// Unlike a `Runtime`, this can be dropped inside another runtime, because it does not wait for its
/// workers.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Every worker is in a call that blocks.
pub(crate) async fn blocked_workers() -> Result<()> {
    let metrics = MetricsRegistry::new();
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).build()?;
    let handle = runtime.handle().clone();
    let _runtime = Background(Some(runtime));
    let _guard = RuntimeObserver::new(&handle).attach(&metrics)?;
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await?;
    let prometheus = prometheus(QUICK, &[server.local_addr()]).await?;
    until(&prometheus, "caracal_tokio_workers", |values| values == [WORKERS as f64]).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    let (begun, mut has_begun) = unbounded_channel();
    let mut calls = Vec::new();
    for _ in 0..WORKERS {
        let (end, ended) = mpsc::channel::<()>();
        let begun = begun.clone();
        handle.spawn(async move {
            let _ = begun.send(());
            let _ = ended.recv();
        });
        calls.push(end);
        has_begun.recv().await;
    }
    for _ in 0..WAITING {
        handle.spawn(async {});
    }
    let queued = |values: &[f64]| matches!(values, [queued] if *queued >= WAITING as f64);
    until(&prometheus, "caracal_tokio_global_queue_depth", queued).await?;
    until_firing(&prometheus, &ALERTS).await?;
    drop(calls);
    until_resolved(&prometheus, &ALERTS).await?;
    server.shutdown().await?;
    Ok(())
}
