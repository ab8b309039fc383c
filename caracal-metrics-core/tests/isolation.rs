//! Code of the user that reading the metrics runs: it can hang, panic or take locks, and every page is still
//! served.

mod support;

use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use caracal_metrics_core::adapter::{Gauges, Instance, InstanceKind, Sampled, SampledGauge};
use caracal_metrics_core::catalogue::POLICY_CACHE_EVICTIONS;
use caracal_metrics_core::{
    BuildError, Counter, Family, Gauge, MetricsRegistry, MetricsRegistryBuilder, labels,
};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, Registry};
use support::{parse, value};

const CACHE: InstanceKind = InstanceKind::new("cache");

labels! {
    struct CacheName<'a> { cache: &'a str }
    struct Removal<'a> { cache: &'a str, cause: &'a str }
}

static CACHE_SIZE: Family<Gauge, CacheName<'_>> =
    Family::gauge("cache_size", "Current number of entries in the cache").namespaced();

static CACHE_REMOVALS: Family<Counter, Removal<'_>> =
    Family::counter("cache_removals_total", "Total number of entries removed from the cache")
        .namespaced();

const ERRORS: &str = "caracal_metrics_collection_errors_total";
const SIZE: &str = "caracal_cache_size";
const LONG: Duration = Duration::from_secs(60);

fn impatient() -> MetricsRegistryBuilder {
    MetricsRegistry::builder().collection_timeout(Duration::from_millis(100))
}

/// Returns a gate at which code waits, and a sender that opens it.
fn gate() -> (impl Fn() + Send + Sync + 'static, Sender<()>) {
    let (open, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    // Once the sender is dropped, nothing waits any more.
    let wait = move || {
        let _ = wait.lock().expect("no panic").recv();
    };
    (wait, open)
}

fn cache(
    m: &MetricsRegistry,
    name: &str,
    sample: impl Fn(&Gauges<'_>, SampledGauge) + Send + Sync + 'static,
) -> Instance {
    let mut builder = m.attach(CACHE, Some(name)).expect("the name is free");
    let size =
        builder.sampled_gauge(&CACHE_SIZE, CacheName { cache: name }).expect("there is room");
    builder.on_scrape(move |gauges| {
        sample(gauges, size);
        Sampled::Live
    })
}

/// A counter whose collector first runs some code.
struct Does<F>(IntCounter, F);

impl<F: Fn() + Send + Sync> Collector for Does<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        (self.1)();
        self.0.collect()
    }
}

fn collector(name: &str, first: impl Fn() + Send + Sync + 'static) -> Box<dyn Collector> {
    Box::new(Does(IntCounter::new(name, "Theirs").expect("a valid name"), first))
}

/// Returns whether a page has the families `stuck_total` and `fine_total`.
fn theirs(m: &MetricsRegistry) -> [bool; 2] {
    let page = parse(&m.generate_metrics());
    assert!(page.contains_key("caracal_gateway_requests_total"), "our families are on the page");
    ["stuck_total", "fine_total"].map(|name| page.contains_key(name))
}

#[test]
fn a_callback_that_does_not_return_keeps_its_last_reading_until_it_does() {
    let m = impatient().build().unwrap();
    let (wait, open) = gate();
    let (stuck, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let instance = cache(&m, "stuck", {
        let (stuck, runs) = (Arc::clone(&stuck), Arc::clone(&runs));
        move |gauges, size| {
            let run = runs.fetch_add(1, SeqCst) + 1;
            if stuck.load(SeqCst) {
                wait();
            }
            gauges.set(size, run);
        }
    });
    let size = || m.sample(SIZE, &[("cache", "stuck")]);
    let errors = || m.sample(ERRORS, &[]).unwrap();
    while size().is_none() {}
    let before = runs.load(SeqCst);
    assert_eq!(size(), Some(before as f64 + 1.0));
    stuck.store(true, SeqCst);
    let mut last = (size(), errors());
    let started = runs.load(SeqCst);
    for _ in 0..20 {
        let now = (size(), errors());
        assert_eq!(now.0, last.0, "the gauge stays");
        assert!(now.1 >= last.1 + 2.0, "and each page counts it");
        last = now;
    }
    assert_eq!(runs.load(SeqCst), started, "it is not started a second time");
    stuck.store(false, SeqCst);
    drop(open);
    let deadline = Instant::now() + LONG;
    while size() <= last.0 {
        assert!(Instant::now() < deadline, "it is called again");
    }
    drop(instance);
}

#[test]
fn a_stuck_callback_does_not_affect_others() {
    let m = impatient().build().unwrap();
    let (wait, _open) = gate();
    let stuck: Vec<_> = (0..3)
        .map(|i| {
            let (wait, open) = gate();
            (cache(&m, &format!("stuck-{i}"), move |_, _| wait()), open)
        })
        .collect();
    let fine = cache(&m, "fine", |gauges, size| gauges.set(size, 7));
    m.register(collector("stuck_total", wait)).unwrap();
    m.register(collector("fine_total", || ())).unwrap();
    let deadline = Instant::now() + LONG;
    loop {
        let page = parse(&m.generate_metrics());
        assert!(!page.contains_key("stuck_total"));
        let sizes = page.get(SIZE).map_or(0, |family| family.samples.len());
        if page.contains_key("fine_total") && sizes == 1 {
            assert_eq!(value(&page, SIZE, &[("cache", "fine")]), 7.0);
            break;
        }
        assert!(Instant::now() < deadline, "a collector that has returned is on the page");
    }
    drop((stuck, fine));
}

#[test]
fn a_collector_that_does_not_return_is_left_out() {
    for isolated in [true, false] {
        let m = impatient().build().unwrap();
        let (wait, open) = gate();
        let stuck = collector("stuck_total", wait);
        if isolated {
            m.register(stuck).unwrap();
        } else {
            m.prometheus_registry().register(stuck).unwrap();
        }
        m.register(collector("fine_total", || ())).unwrap();
        let mut errors = 0.0;
        for _ in 0..10 {
            let [stuck, fine] = theirs(&m);
            assert!(!stuck && (isolated || !fine), "`prometheus` gathers all collectors together");
            let now = m.sample(ERRORS, &[]).unwrap();
            assert!(now > errors, "and each page counts it");
            errors = now;
        }
        drop(open);
        let deadline = Instant::now() + LONG;
        while theirs(&m) != [true, true] {
            assert!(Instant::now() < deadline, "it is called again");
        }
    }
}

#[test]
fn a_lock_that_collectors_and_callbacks_take_may_be_held_while_the_metrics_are_read() {
    let m = impatient().build().unwrap();
    let lock = Arc::new(Mutex::new(()));
    let takes = |lock: &Arc<Mutex<()>>| {
        let lock = Arc::clone(lock);
        move || drop(lock.lock().unwrap())
    };
    m.prometheus_registry().register(collector("stuck_total", takes(&lock))).unwrap();
    m.register(collector("fine_total", takes(&lock))).unwrap();
    let callback = takes(&lock);
    let instance = cache(&m, "sessions", move |gauges, size| {
        callback();
        gauges.set(size, 1);
    });
    let held = lock.lock().unwrap();
    for _ in 0..5 {
        assert_eq!(m.sample("caracal_gateway_requests_in_flight", &[]), Some(0.0));
    }
    drop(held);
    let deadline = Instant::now() + LONG;
    while m.sample(SIZE, &[("cache", "sessions")]) != Some(1.0) || theirs(&m) != [true, true] {
        assert!(Instant::now() < deadline);
    }
    drop(instance);
}

/// Panics when it is dropped. The panic contains more payloads of this type.
struct Payload(u32);

impl Drop for Payload {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Payload(self.0 - 1));
        }
    }
}

#[test]
fn a_payload_that_panics_when_dropped_does_not_end_a_page() {
    let m = MetricsRegistry::new();
    let errors = || m.sample(ERRORS, &[]).unwrap();
    m.register(collector("stuck_total", || panic_any(Payload(3)))).unwrap();
    assert_eq!(errors(), 1.0);
    let instance = cache(&m, "sessions", |_, _| panic_any(Payload(3)));
    assert_eq!(errors(), 3.0);
    let mut builder = m.attach(CACHE, Some("inline")).unwrap();
    builder.sampled_gauge(&CACHE_SIZE, CacheName { cache: "inline" }).unwrap();
    let inline = builder.on_scrape_inline(|_| panic_any(Payload(3)));
    assert_eq!(errors(), 7.0, "once as it was attached, too");
    m.prometheus_registry().register(collector("raw_total", || panic_any(Payload(3)))).unwrap();
    // This removes the families of the registry itself, and is counted once.
    assert_eq!(errors(), 11.0);
    drop((instance, inline));
}

#[test]
fn attaching_to_a_registry_with_a_stuck_collector_is_refused() {
    let mine = Registry::new();
    let (wait, open) = gate();
    mine.register(collector("stuck_total", wait)).unwrap();
    let refused = impatient().registry(mine.clone()).build().unwrap_err();
    let timeout = Duration::from_millis(100);
    assert_eq!(refused, BuildError::CollectorsOverran { timeout });
    drop(open);
    let m = MetricsRegistry::builder().collection_timeout(LONG).registry(mine).build().unwrap();
    assert_eq!(theirs(&m), [true, false]);
}

/// A collector that attaches a registry does this while another attachment gathers.
#[test]
fn a_collector_may_attach_a_registry() {
    let mine = Registry::new();
    mine.register(collector("fine_total", || drop(MetricsRegistry::new()))).unwrap();
    let m = MetricsRegistry::builder().registry(mine).build().unwrap();
    assert_eq!(theirs(&m), [false, true]);
}

#[test]
fn a_timeout_of_zero_is_refused() {
    let refused = MetricsRegistry::builder().collection_timeout(Duration::ZERO).build();
    assert_eq!(refused.unwrap_err(), BuildError::ZeroCollectionTimeout);
    let forever = MetricsRegistry::builder().collection_timeout(Duration::MAX).build().unwrap();
    let instance = cache(&forever, "sessions", |gauges, size| gauges.set(size, 1));
    assert_eq!(forever.sample(SIZE, &[("cache", "sessions")]), Some(1.0));
    drop(instance);
}

/// The values that a callback reads belong to the instance and to the registry.
#[test]
fn counters_that_a_callback_adds_to_are_exact() {
    let m = MetricsRegistry::new();
    let pending = Arc::new(AtomicU64::new(0));
    let mut builder = m.attach(CACHE, Some("policy")).unwrap();
    let expired = builder
        .sampled_counter(&CACHE_REMOVALS, Removal { cache: "policy", cause: "expired" })
        .unwrap();
    let evictions = builder.shared_counter(&POLICY_CACHE_EVICTIONS, ()).unwrap();
    let taken = Arc::clone(&pending);
    let instance = builder.on_scrape(move |gauges| {
        let n = taken.swap(0, SeqCst);
        gauges.add(expired, n);
        gauges.add(evictions, n);
        Sampled::Live
    });
    let labels = [("cache", "policy"), ("cause", "expired")];
    for round in 1..=50_u64 {
        pending.fetch_add(3, SeqCst);
        let page = parse(&m.generate_metrics());
        // If a callback was late on a busy machine, its values are on the next page.
        let removals = value(&page, "caracal_cache_removals_total", &labels);
        assert_eq!(removals, value(&page, "caracal_policy_cache_evictions_total", &[]));
        assert!(removals <= 3.0 * round as f64);
    }
    while m.sample("caracal_cache_removals_total", &labels) != Some(150.0) {}
    drop(instance);
    assert_eq!(m.sample("caracal_policy_cache_evictions_total", &[]), Some(150.0));
}
