//! The exemplar of a load comes from the source of the registry.
#![cfg(feature = "sync")]

use std::cell::Cell;

use caracal_cache::CacheObserver;
use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
use moka::sync::Cache;

thread_local! {
    static TRACE: Cell<Option<u128>> = const { Cell::new(None) };
}

#[test]
fn a_load_has_the_trace_of_its_thread() {
    let metrics = MetricsRegistry::builder()
        .exemplar_source(|| TRACE.get().map(Exemplar::trace))
        .build()
        .unwrap();
    let cache = CacheObserver::named("sessions").wrap(Cache::new(10), &metrics).unwrap();
    cache.get_with(1, || 7);
    TRACE.set(Some(0xab));
    cache.get_with(1, || 7);
    cache.try_get_with(2, || Err::<u32, _>("no such session")).unwrap_err();

    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let exemplars: Vec<_> = page.lines().filter(|line| line.contains(" # {trace_id=")).collect();
    // The first load had no trace, and the hit is not a load.
    assert_eq!(exemplars.len(), 1, "{exemplars:?}");
    let series = r#"caracal_cache_load_duration_seconds_bucket{cache="sessions",result="error","#;
    assert!(exemplars[0].starts_with(series), "{exemplars:?}");
    assert!(exemplars[0].contains(&format!("# {{trace_id=\"{:032x}\"}} ", 0xab)), "{exemplars:?}");
}
