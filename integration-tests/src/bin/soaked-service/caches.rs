//! Caches whose eviction listeners read metrics, block and panic.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use caracal_metrics::MetricsRegistry;
use caracal_metrics::cache::CacheObserver;
use moka::sync::Cache;

const CAPACITY: u64 = 100;
const EXPIRY: Duration = Duration::from_millis(200);

/// Starts the caches and the threads that use them. They are observed while the returned values are
/// held.
pub(crate) fn misbehave(metrics: &MetricsRegistry) -> Result<Vec<Box<dyn Any + Send + Sync>>> {
    let lock = Arc::new(Mutex::new(()));
    let blocking = {
        let lock = Arc::clone(&lock);
        move || {
            let held = lock.lock().unwrap_or_else(PoisonError::into_inner);
            thread::sleep(Duration::from_millis(20));
            drop(held);
        }
    };
    let (reading, observed) = (metrics.clone(), metrics.clone());
    Ok(vec![
        churn("reading", metrics, move || drop(reading.generate_metrics()), || {})?,
        churn("panicking", metrics, || panic!("the listener panics"), || {})?,
        // The listener waits for a thread that reads the metrics.
        churn("blocking", metrics, blocking, move || {
            let held = lock.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = observed.sample("caracal_cache_size", &[("cache", "blocking")]);
            drop(held);
        })?,
    ])
}

/// A cache that repeatedly gets a new entry. `between` runs after each one.
fn churn(
    name: &'static str,
    metrics: &MetricsRegistry,
    listener: impl Fn() + Send + Sync + 'static,
    between: impl Fn() + Send + 'static,
) -> Result<Box<dyn Any + Send + Sync>> {
    let observer = CacheObserver::named(name);
    let cache = Cache::builder()
        .max_capacity(CAPACITY)
        .time_to_live(EXPIRY)
        .eviction_listener(observer.listener(move |_, (), _| listener()))
        .build();
    let cache = observer.wrap(cache, metrics)?;
    let used = cache.clone();
    thread::spawn(move || {
        for n in 0_u64.. {
            used.insert(n, ());
            between();
            thread::sleep(Duration::from_millis(50));
        }
    });
    Ok(Box::new(cache))
}
