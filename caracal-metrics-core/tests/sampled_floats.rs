//! Floating-point numbers that an adapter reads at scrape, and what is dropped with an instance.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use caracal_metrics_core::adapter::{Instance, InstanceKind, Sampled};
use caracal_metrics_core::{
    AttachError, Counter, Family, FloatCounter, FloatGauge, MetricsRegistry, labels,
};

const ENGINE: InstanceKind = InstanceKind::new("engine");

labels! {
    struct Engine<'a> { engine: &'a str }
}

static LOAD: Family<FloatGauge, Engine<'_>> = Family::float_gauge("engine_load_ratio", "Load.");
static BUSY: Family<FloatCounter, Engine<'_>> =
    Family::float_counter("engine_busy_seconds_total", "Time at work.");
static STARTS: Family<Counter, Engine<'_>> = Family::counter("engine_starts_total", "Starts.");

const MAIN: [(&str, &str); 1] = [("engine", "main")];

#[test]
fn a_scrape_reads_them() {
    let metrics = MetricsRegistry::new();
    let mut builder = metrics.attach(ENGINE, Some("main")).unwrap();
    let load = builder.sampled_float_gauge(&LOAD, Engine { engine: "main" }).unwrap();
    let busy = builder.sampled_float_counter(&BUSY, Engine { engine: "main" }).unwrap();
    let scrapes = AtomicU64::new(0);
    let instance = builder.on_scrape(move |gauges| {
        let scrape = scrapes.fetch_add(1, Relaxed);
        gauges.set_float(load, scrape as f64 + 0.25);
        gauges.add_float(busy, 1.5);
        // This is ignored, like a record: a counter never decreases.
        gauges.add_float(busy, -1.0);
        gauges.set_float(load, f64::INFINITY);
        Sampled::Live
    });
    // Each `sample` is a scrape.
    assert_eq!(metrics.sample("engine_load_ratio", &MAIN), Some(0.25));
    assert_eq!(metrics.sample("engine_load_ratio", &MAIN), Some(1.25));
    assert_eq!(metrics.sample("engine_busy_seconds_total", &MAIN), Some(4.5));
    let invalid =
        |name| metrics.sample("caracal_metrics_invalid_values_total", &[("metric", name)]);
    assert_eq!(invalid("engine_busy_seconds_total"), Some(4.0));
    assert_eq!(invalid("engine_load_ratio"), Some(5.0));
    drop(instance);
    assert_eq!(metrics.sample("engine_load_ratio", &MAIN), None);
}

/// The callback holds the handle of a series, and a witness that shows when the callback is dropped.
fn attach(metrics: &MetricsRegistry) -> Result<(Instance, Weak<()>), AttachError> {
    let mut builder = metrics.attach(ENGINE, Some("main"))?;
    let starts = builder.series(&STARTS, Engine { engine: "main" })?;
    let witness = Arc::new(());
    let weak = Arc::downgrade(&witness);
    let instance = builder.on_scrape(move |_| {
        let _ = &witness;
        starts.inc();
        Sampled::Live
    });
    Ok((instance, weak))
}

#[test]
fn a_callback_that_holds_a_handle_is_dropped_with_its_instance() {
    let metrics = MetricsRegistry::new();
    for _ in 0..2 {
        let (instance, callback) = attach(&metrics).unwrap();
        assert_eq!(metrics.sample("engine_starts_total", &MAIN), Some(1.0));
        drop(instance);
        assert!(callback.upgrade().is_none(), "the callback outlives its instance");
    }
}
