//! A third-party adapter. It observes a `tokio::sync::Semaphore`, and uses only the published API.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use caracal_metrics::adapter::{Instance, InstanceKind, Sampled};
use caracal_metrics::conformance::Conformance;
use caracal_metrics::{
    AttachError, DurationHistogram, Family, Gauge, MetricsRegistry, labels,
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

const SEMAPHORE: InstanceKind = InstanceKind::new("semaphore");

labels! {
    /// How a wait for a permit ended.
    pub enum Outcome { Acquired => "acquired", Closed => "closed" }

    /// The label of a semaphore.
    pub struct SemaphoreName<'a> { semaphore: &'a str }

    /// The labels of a wait for a permit.
    pub struct Wait<'a> { semaphore: &'a str, outcome: Outcome }
}

static PERMITS_AVAILABLE: Family<Gauge, SemaphoreName<'_>> =
    Family::gauge("semaphore_permits_available", "Permits that nobody holds.")
        .namespaced()
        .shown_once_used();
static WAITING: Family<Gauge, SemaphoreName<'_>> =
    Family::gauge("semaphore_waiting", "Callers that wait for a permit.")
        .namespaced()
        .shown_once_used();
static ACQUIRE_DURATION: Family<DurationHistogram, Wait<'_>> =
    Family::duration_histogram("semaphore_acquire_duration_seconds", "Time to get a permit.")
        .namespaced()
        .shown_once_used()
        .buckets(&[Duration::from_millis(1), Duration::from_millis(100), Duration::from_secs(10)]);

/// A semaphore whose permits and waits are on the page until the last clone is dropped.
#[derive(Clone)]
struct ObservedSemaphore {
    semaphore: Arc<Semaphore>,
    waiting: Arc<AtomicU64>,
    acquired: DurationHistogram,
    closed: DurationHistogram,
    _instance: Instance,
}

impl ObservedSemaphore {
    fn wrap(
        semaphore: Arc<Semaphore>,
        name: &str,
        metrics: &MetricsRegistry,
    ) -> Result<Self, AttachError> {
        let mut builder = metrics.attach(SEMAPHORE, Some(name))?;
        let label = SemaphoreName { semaphore: name };
        let available = builder.sampled_gauge(&PERMITS_AVAILABLE, label)?;
        let waiting_now = builder.sampled_gauge(&WAITING, label)?;
        let wait = |outcome| Wait { semaphore: name, outcome };
        let acquired = builder.series(&ACQUIRE_DURATION, wait(Outcome::Acquired))?;
        let closed = builder.series(&ACQUIRE_DURATION, wait(Outcome::Closed))?;
        let waiting = Arc::new(AtomicU64::new(0));
        let (observed, count) = (Arc::downgrade(&semaphore), Arc::clone(&waiting));
        let instance = builder.on_scrape(move |gauges| {
            let Some(semaphore) = observed.upgrade() else { return Sampled::Gone };
            gauges.set(available, semaphore.available_permits() as u64);
            gauges.set(waiting_now, count.load(Relaxed));
            Sampled::Live
        });
        Ok(Self { semaphore, waiting, acquired, closed, _instance: instance })
    }

    async fn acquire(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        struct Waiting<'a>(&'a AtomicU64);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Relaxed);
            }
        }
        let start = Instant::now();
        self.waiting.fetch_add(1, Relaxed);
        let _waiting = Waiting(&self.waiting);
        let result = Arc::clone(&self.semaphore).acquire_owned().await;
        let histogram = if result.is_ok() { &self.acquired } else { &self.closed };
        histogram.observe(start.elapsed());
        result
    }
}

/// Checks the adapter with the conformance kit.
fn conforms() {
    Conformance::of_instances("semaphore", |metrics, name| {
        ObservedSemaphore::wrap(Arc::new(Semaphore::new(2)), name, metrics)
    })
    .families(&[PERMITS_AVAILABLE.spec(), WAITING.spec(), ACQUIRE_DURATION.spec()])
    .exercise(|semaphore| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(semaphore.acquire()).is_ok());
    })
    .check();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    conforms();
    let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build()?;
    let uploads = ObservedSemaphore::wrap(Arc::new(Semaphore::new(2)), "uploads", &metrics)?;
    let read = |name: &str, labels: &[(&str, &str)]| metrics.sample(name, labels);
    let uploads_label = [("semaphore", "uploads")];

    let permit = uploads.acquire().await?;
    assert_eq!(read("shop_semaphore_permits_available", &uploads_label), Some(1.0));
    let second = uploads.acquire().await?;
    let third = tokio::spawn({
        let uploads = uploads.clone();
        async move { uploads.acquire().await.is_err() }
    });
    while read("shop_semaphore_waiting", &uploads_label) != Some(1.0) {
        tokio::task::yield_now().await;
    }
    uploads.semaphore.close();
    assert!(third.await?, "the semaphore was closed");
    drop((permit, second));
    for (outcome, waits) in [("acquired", 2.0), ("closed", 1.0)] {
        let labels = [("semaphore", "uploads"), ("outcome", outcome)];
        assert_eq!(read("shop_semaphore_acquire_duration_seconds_count", &labels), Some(waits));
    }

    // A name can only be used once at a time. It is free when the last clone is dropped.
    let again = || ObservedSemaphore::wrap(Arc::new(Semaphore::new(1)), "uploads", &metrics);
    let taken = again().err().ok_or("the name was given out twice")?;
    assert!(taken.to_string().contains("semaphore named \"uploads\""), "{taken}");
    drop(uploads);
    assert_eq!(read("shop_semaphore_permits_available", &uploads_label), None);
    let uploads = again()?;
    assert_eq!(read("shop_semaphore_permits_available", &uploads_label), Some(1.0));

    let page = String::from_utf8(metrics.generate_metrics())?;
    assert!(!page.contains("caracal") && !page.contains("policy"), "{page}");
    drop(uploads);
    Ok(())
}
