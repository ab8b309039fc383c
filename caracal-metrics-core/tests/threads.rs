//! Threads start and end: nothing that they recorded is lost or counted twice.

mod support;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{Counter, MetricsRegistry, PolicyDecisionType};
use support::{parse, value};

const BLOCKS: &str = "caracal_gateway_replay_blocks_total";
const NONCE: [(&str, &str); 1] = [("reason", "nonce_reused")];
const EVALUATIONS: &str = "caracal_policy_evaluation_duration_seconds";
const ALLOWED: [(&str, &str); 1] = [("decision", "allowed")];
const MILLISECOND: Duration = Duration::from_millis(1);

fn blocks(m: &MetricsRegistry) -> f64 {
    m.sample(BLOCKS, &NONCE).unwrap_or_default()
}

/// Reads pages until `done` is set. Returns the number of pages.
fn scrape_until(m: &MetricsRegistry, done: &AtomicBool) -> u32 {
    let (mut pages, mut last_blocks, mut last_count, mut last_sum) = (0, 0.0, 0.0, 0.0);
    while !done.load(SeqCst) {
        let page = parse(&m.generate_metrics());
        let evaluations = |suffix: &str| value(&page, &format!("{EVALUATIONS}{suffix}"), &ALLOWED);
        let (count, sum) = (evaluations("_count"), evaluations("_sum"));
        let blocks = value(&page, BLOCKS, &NONCE);
        assert!(blocks >= last_blocks, "the counter went from {last_blocks} to {blocks}");
        assert!(count >= last_count && sum >= last_sum, "{last_count} {last_sum}: {count} {sum}");
        (last_blocks, last_count, last_sum) = (blocks, count, sum);
        pages += 1;
    }
    pages
}

#[test]
fn threads_that_record_and_exit_during_scrapes_lose_and_double_nothing() {
    const WAVES: u64 = 3;
    const THREADS: u64 = 500;
    const RECORDS: u64 = 20;
    let m = MetricsRegistry::new();
    m.record_replay_block("nonce_reused");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let scraper = scope.spawn(|| scrape_until(&m, &done));
        for _ in 0..WAVES {
            // They are joined one by one, so that threads end while others start.
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let blocks = m.replay_block("nonce_reused");
                        for _ in 0..RECORDS {
                            blocks.inc();
                            m.record_policy_evaluation(
                                PolicyDecisionType::Allowed,
                                "agent",
                                MILLISECOND,
                            );
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
        done.store(true, SeqCst);
        assert!(scraper.join().unwrap() > 0);
    });
    let recorded = WAVES * THREADS * RECORDS;
    assert_eq!(blocks(&m), (recorded + 1) as f64);
    let evaluations = |suffix: &str| m.sample(&format!("{EVALUATIONS}{suffix}"), &ALLOWED);
    assert_eq!(evaluations("_count"), Some(recorded as f64));
    assert_eq!(evaluations("_sum"), Some(recorded as f64 / 1000.0));
}

#[test]
fn more_threads_at_once_than_can_have_their_own_words() {
    const THREADS: usize = 1_100;
    let m = MetricsRegistry::new();
    let (all_recorded, read) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..10 {
                    m.record_replay_block("nonce_reused");
                    m.record_gateway_request("GET", 200, "jwt", MILLISECOND);
                }
                all_recorded.wait();
                read.wait();
            });
        }
        all_recorded.wait();
        assert_eq!(blocks(&m), (THREADS * 10) as f64, "while all of them live");
        read.wait();
    });
    assert_eq!(blocks(&m), (THREADS * 10) as f64, "after they ended");
    let labels = [("method", "GET"), ("status_code", "200")];
    let sum = m.sample("caracal_gateway_request_duration_seconds_sum", &labels);
    assert_eq!(sum, Some(THREADS as f64 / 100.0));
}

/// Records when a thread-local is destroyed.
struct OnExit {
    metrics: MetricsRegistry,
    handle: Counter,
}

impl OnExit {
    fn new(metrics: &MetricsRegistry) -> Self {
        Self { metrics: metrics.clone(), handle: metrics.replay_block("nonce_reused") }
    }
}

impl Drop for OnExit {
    fn drop(&mut self) {
        self.handle.inc();
        self.metrics.record_replay_block("nonce_reused");
    }
}

thread_local! {
    static BEFORE: RefCell<Option<OnExit>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<OnExit>> = const { RefCell::new(None) };
}

#[test]
fn destructors_of_thread_locals_record() {
    const THREADS: u64 = 200;
    let m = MetricsRegistry::new();
    for _ in 0..THREADS {
        let m = m.clone();
        // The thread is joined manually: the end of a scope does not wait for destructors of thread-locals.
        thread::spawn(move || {
            // These are first used before and after the thread's first record. In any order of destruction, one
            // of them is destroyed after the thread's words were added to the shared ones.
            BEFORE.set(Some(OnExit::new(&m)));
            m.record_replay_block("nonce_reused");
            AFTER.set(Some(OnExit::new(&m)));
        })
        .join()
        .unwrap();
    }
    assert_eq!(blocks(&m), (THREADS * 5) as f64);
}

#[test]
fn a_registry_starts_at_zero_after_another_one_was_dropped() {
    let threads = 4;
    let start = Arc::new(Barrier::new(threads + 1));
    let end = Arc::new(Barrier::new(threads + 1));
    let (senders, workers): (Vec<_>, Vec<_>) = (0..threads)
        .map(|_| {
            let (sender, receiver) = std::sync::mpsc::channel::<MetricsRegistry>();
            let (start, end) = (Arc::clone(&start), Arc::clone(&end));
            let worker = thread::spawn(move || {
                for m in receiver {
                    start.wait();
                    for _ in 0..100 {
                        m.record_replay_block("nonce_reused");
                        m.record_gateway_request("GET", 200, "jwt", MILLISECOND);
                    }
                    drop(m);
                    end.wait();
                }
            });
            (sender, worker)
        })
        .unzip();
    for round in 0..200 {
        let m = MetricsRegistry::new();
        assert_eq!(blocks(&m), 0.0, "round {round}");
        for sender in &senders {
            sender.send(m.clone()).unwrap();
        }
        start.wait();
        end.wait();
        assert_eq!(blocks(&m), (threads * 100) as f64, "round {round}");
        let labels = [("method", "GET"), ("status_code", "200")];
        let sum = m.sample("caracal_gateway_request_duration_seconds_sum", &labels);
        assert_eq!(sum, Some(threads as f64 / 10.0), "round {round}");
    }
    drop(senders);
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn a_guard_may_end_on_another_thread() {
    let m = MetricsRegistry::new();
    let in_flight = || m.sample("caracal_gateway_requests_in_flight", &[]);
    for _ in 0..100 {
        let guard = m.track_gateway_request_in_flight();
        assert_eq!(in_flight(), Some(1.0));
        thread::spawn(move || drop(guard)).join().unwrap();
        assert_eq!(in_flight(), Some(0.0));
    }
}

#[test]
fn a_guard_may_outlive_its_registry() {
    for _ in 0..100 {
        let first = MetricsRegistry::new();
        let guards = [(); 3].map(|()| first.track_gateway_request_in_flight());
        drop(first);
        let next = MetricsRegistry::new();
        let own = next.track_gateway_request_in_flight();
        let in_flight = || next.sample("caracal_gateway_requests_in_flight", &[]);
        for guard in guards {
            assert_eq!(in_flight(), Some(1.0));
            drop(guard);
        }
        assert_eq!(in_flight(), Some(1.0));
        drop(own);
        assert_eq!(in_flight(), Some(0.0));
    }
}
