//! Gauges that count guards are read while guards start and end.

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{Format, MetricsRegistry};
use support::{parse, value};

const IN_FLIGHT: &str = "caracal_gateway_requests_in_flight";
const DEGRADED: &str = "caracal_gateway_degraded_mode_requests_total";
const REPLAYS: &str = "caracal_gateway_replay_blocks_total";
/// A counter of the `prometheus` crate.
const OWN: &str = "app_requests_total";

/// Sets the flag when it is dropped, including during a panic, so that nobody waits for a test that failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Starts threads that have their own words and do nothing. Their words are between those of the threads that
/// count, so that it takes longer to read all of them.
fn idle_threads<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    m: &'scope MetricsRegistry,
    done: &'scope AtomicBool,
) {
    const THREADS: usize = 100;
    let (ready, are_ready) = sync_channel(THREADS);
    for _ in 0..THREADS {
        let ready = ready.clone();
        scope.spawn(move || {
            drop(m.track_gateway_request_in_flight());
            ready.send(()).expect("the test waits");
            while !done.load(SeqCst) {
                thread::park_timeout(Duration::from_millis(100));
            }
        });
    }
    assert_eq!(are_ready.iter().take(THREADS).count(), THREADS);
}

#[test]
fn an_interrupted_scrape_does_not_count_guards_that_pass() {
    const PAGES: u64 = 10_000;
    // One, and one more for each thread that changes the number. A sanitizer makes the reads slower, so that a few
    // more guards pass. During an interruption, hundreds pass.
    const MOST: f64 = if cfg!(caracal_sanitizer) { 10.0 } else { 3.0 };
    let m = MetricsRegistry::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // There is at most one guard at a time. It starts on one thread and ends on another.
        let (to_other, guards) = sync_channel(0);
        let (ended, is_ended) = sync_channel(0);
        let (m, done) = (&m, &done);
        let _done = Done(done);
        scope.spawn(move || {
            drop(m.track_gateway_request_in_flight());
            ended.send(()).expect("the test waits");
            for guard in guards {
                drop(guard);
                if ended.send(()).is_err() {
                    break;
                }
            }
        });
        is_ended.recv().expect("the thread that ends guards has started");
        idle_threads(scope, m, done);
        let beginner = scope.spawn(move || {
            let mut guards = 0_u64;
            while !done.load(SeqCst) {
                to_other.send(m.track_gateway_request_in_flight()).expect("the other ends it");
                is_ended.recv().expect("the other ended it");
                guards += 1;
            }
            guards
        });
        // This makes more threads than there are processors, so that the scheduler interrupts scrapes.
        for _ in 0..thread::available_parallelism().map_or(4, usize::from) {
            scope.spawn(move || while !done.load(SeqCst) {});
        }
        let mut page = Vec::new();
        for read in 0..PAGES {
            page.clear();
            m.encode_named(Format::Text, &[IN_FLIGHT], &mut page);
            let in_flight = value(&parse(&page), IN_FLIGHT, &[]);
            assert!(in_flight <= MOST, "page {read}: {in_flight} in flight");
        }
        done.store(true, SeqCst);
        assert!(beginner.join().expect("no panic") > 0);
    });
    assert_eq!(m.sample(IN_FLIGHT, &[]), Some(0.0));
}

/// Returns the number of requests in flight and the number of counted requests. `way` selects how they are
/// read.
fn read(m: &MetricsRegistry, way: usize) -> (f64, f64) {
    let page = match way % 3 {
        0 => m.generate_metrics(),
        1 => {
            let mut page = Vec::new();
            m.encode_named(Format::Text, &[DEGRADED, REPLAYS, IN_FLIGHT], &mut page);
            page
        }
        _ => {
            let mut page = Vec::new();
            let families = m.prometheus_registry().gather();
            let encoder = prometheus::TextEncoder::new();
            prometheus::Encoder::encode(&encoder, &families, &mut page).expect("a page");
            page
        }
    };
    let page = parse(&page);
    let counted = value(&page, DEGRADED, &[]);
    // The user's own counts are on the whole page only. `gather` reads collectors in any order.
    let own = if way.is_multiple_of(3) { value(&page, OWN, &[]) } else { counted };
    (value(&page, IN_FLIGHT, &[]), counted.min(own))
}

#[test]
fn a_page_with_nothing_in_flight_has_all_counts() {
    const PAGES: usize = 60;
    let m = MetricsRegistry::new();
    // These are written between the counter and the gauge of the test, so that the page takes some time between
    // them.
    for i in 0..2_000 {
        m.record_replay_block(&format!("reason-{i}"));
    }
    let own = prometheus::IntCounter::new(OWN, "Requests").expect("a valid name");
    m.prometheus_registry().register(Box::new(own.clone())).expect("the name is free");
    let (begun, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                let guard = m.track_gateway_request_in_flight();
                begun.fetch_add(1, SeqCst);
                m.record_degraded_mode_request();
                own.inc();
                drop(guard);
            }
        });
        let _done = Done(&done);
        for way in 0..PAGES {
            let begun_before = begun.load(SeqCst) as f64;
            let (in_flight, counted) = read(&m, way);
            assert!(
                in_flight > 0.0 || counted >= begun_before,
                "page {way}: none in flight, and {counted} counted of {begun_before}"
            );
        }
    });
}
