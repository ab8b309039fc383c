//! Threads record while pages and other threads hide the series that they record into.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::testing::Clock;
use caracal_metrics_core::{Counter, DurationHistogram, Family, Metric, MetricsRegistry, labels};

const THREADS: usize = 4;
const TENANTS: u64 = 40;
const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
/// The number of half hours.
const STEPS: u64 = 60;

labels! {
    struct Order<'a> { tenant: &'a str }
    struct Hop<'a> { from: &'a str, thread: &'a str, to: &'a str }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders.");
static TIMES: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("times_seconds", "Times.").buckets(&[HOUR]);
static HOPS: Family<Counter, Hop<'_>> = Family::counter("hops_total", "Hops.");

/// Sets the flag when it is dropped, including during a panic, so that nobody waits for a test that failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

struct Storm {
    m: MetricsRegistry,
    orders: Metric<Counter, Order<'static>>,
    times: Metric<DurationHistogram, Order<'static>>,
    hops: Metric<Counter, Hop<'static>>,
    /// The number of records of each thread.
    progress: [AtomicU64; THREADS],
    done: AtomicBool,
}

impl Storm {
    fn read(&self, name: &str, tenant: &str) -> Option<f64> {
        self.m.sample(name, &[("tenant", tenant)])
    }

    /// Records into series that no other thread uses, and checks that the next page has each record.
    fn record(&self, thread: usize) -> Vec<u64> {
        let mut books = vec![0_u64; TENANTS as usize];
        let mut random = thread as u64 + 1;
        while !self.done.load(SeqCst) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // A few tenants occur all the time, and others seldom.
            let tenant = (random >> 33) % TENANTS * ((random >> 20) % 4) / 3;
            let name = format!("{thread}-{tenant}");
            let label = || Order { tenant: &name };
            match random >> 40 & 3 {
                0 => {
                    self.orders.inc(label());
                    self.times.observe(label(), SECOND);
                }
                1 => {
                    self.orders.with(label()).inc();
                    drop(self.times.start_timer(label()));
                }
                _ => self.orders.inc_and_observe(label(), &self.times, label(), SECOND),
            }
            let shared = (random >> 10 & 7).to_string();
            self.hops.inc(Hop { from: &shared, thread: "any", to: &shared });
            books[tenant as usize] += 1;
            let progress = self.progress[thread].fetch_add(1, SeqCst);
            if progress.is_multiple_of(16) {
                let expected = Some(books[tenant as usize] as f64);
                assert_eq!(self.read("orders_total", &name), expected, "{name}");
                assert_eq!(self.read("times_seconds_count", &name), expected, "{name}");
            }
            if progress.is_multiple_of(23) {
                self.orders.hide(label()).unwrap();
                assert_eq!(self.read("orders_total", &name), None, "{name}");
            }
            if progress.is_multiple_of(5) {
                // Other threads record into it at the same time.
                let _ = self.hops.hide(Hop { from: &shared, thread: "any", to: &shared });
            }
        }
        books
    }

    /// Lets time pass. No record takes as long as the idle time.
    fn let_time_pass(&self, clock: Clock) -> usize {
        let _done = Done(&self.done);
        let mut most_hidden = 0;
        for _ in 0..STEPS {
            let before: Vec<_> = self.progress.iter().map(|it| it.load(SeqCst)).collect();
            let has_passed = |(now, before): (&AtomicU64, &u64)| now.load(SeqCst) > before + 1;
            while !self.progress.iter().zip(&before).all(has_passed) {
                if self.done.load(SeqCst) {
                    return most_hidden;
                }
                thread::yield_now();
            }
            clock.advance(HOUR / 2);
            let all = self.m.cardinality();
            let times = all.iter().find(|it| it.metric == "times_seconds").unwrap();
            most_hidden = most_hidden.max(times.hidden);
        }
        most_hidden
    }
}

#[test]
fn no_record_is_lost_or_hidden_in_a_storm() {
    let clock = Clock::new();
    let m = MetricsRegistry::builder().only_used_families().hide_idle_series(HOUR);
    let m = m.clock(clock).build().unwrap();
    let storm = Storm {
        orders: m.family(&ORDERS).unwrap(),
        times: m.family(&TIMES).unwrap(),
        hops: m.family(&HOPS).unwrap(),
        m,
        progress: Default::default(),
        done: AtomicBool::new(false),
    };
    let begin = Barrier::new(THREADS);
    let (books, most_hidden) = thread::scope(|scope| {
        let (storm, begin) = (&storm, &begin);
        let record = |thread| {
            scope.spawn(move || {
                let _done = Done(&storm.done);
                begin.wait();
                storm.record(thread)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(record).collect();
        let most_hidden = storm.let_time_pass(clock);
        let books: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        (books, most_hidden)
    });
    assert!(most_hidden > 0, "nothing was hidden by a page");
    for family in storm.m.cardinality() {
        assert!(family.limit.is_none() || family.series == family.counted, "{family:?}");
    }

    // Hidden series keep their totals.
    let records: u64 = storm.progress.iter().map(|it| it.load(SeqCst)).sum();
    assert_eq!(records, books.iter().flatten().sum::<u64>());
    let mut hops = 0.0;
    for shared in 0..8 {
        let shared = shared.to_string();
        storm.hops.inc_by(Hop { from: &shared, thread: "any", to: &shared }, 0);
        let labels = [("from", shared.as_str()), ("thread", "any"), ("to", shared.as_str())];
        hops += storm.m.sample("hops_total", &labels).unwrap();
    }
    assert_eq!(hops, records as f64);
    for (thread, books) in books.iter().enumerate() {
        for (tenant, expected) in books.iter().enumerate().filter(|(_, records)| **records > 0) {
            let name = format!("{thread}-{tenant}");
            storm.orders.inc_by(Order { tenant: &name }, 0);
            assert_eq!(storm.read("orders_total", &name), Some(*expected as f64), "{name}");
        }
    }
}
