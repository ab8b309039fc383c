//! Pages with so many threads and series that they are summed up thread by thread. They are as exact as all
//! others.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Exemplar, Family, FloatCounter, Format, Histogram, MetricsRegistry,
    labels,
};
use support::{Labels, parse};

labels! { struct Id<'a> { id: &'a str } }

const JOBS: &str = "jobs_total";
static COUNTER: Family<Counter, Id<'_>> = Family::counter(JOBS, "Jobs.");
static FLOATS: Family<FloatCounter, Id<'_>> = Family::float_counter("joules_total", "Energy.");
static TIMES: Family<DurationHistogram, Id<'_>> =
    Family::duration_histogram("job_seconds", "Time of a job.")
        .buckets(&[Duration::from_millis(1), Duration::from_millis(2)]);
const STEP_BOUNDS: [Duration; 14] = {
    let mut bounds = [Duration::ZERO; 14];
    let mut place = 0;
    while place < bounds.len() {
        bounds[place] = Duration::from_millis(place as u64 + 1);
        place += 1;
    }
    bounds
};
static STEPS: Family<DurationHistogram, Id<'_>> =
    Family::duration_histogram("step_seconds", "Time of a step.").buckets(&STEP_BOUNDS);

static SIZES: Family<Histogram, Id<'_>> =
    Family::histogram("job_bytes", "Size of a job.").buckets(&[10.0, 1000.0]);

const THREADS: usize = 40;
/// Together with the threads, there are more words than a page reads one by one.
const SERIES: usize = 1_700;

fn ids() -> Vec<String> {
    (0..SERIES).map(|id| format!("{id:04}")).collect()
}

fn page(m: &MetricsRegistry, format: Format) -> Vec<u8> {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    page
}

/// Runs `read` while this many threads that have called `record` are alive, and once more afterwards.
fn read_during_and_after<T>(record: impl Fn(usize) + Sync, read: impl Fn() -> T) -> (T, T) {
    let (recorded, done) = (Barrier::new(THREADS + 1), Mutex::new(()));
    let during = thread::scope(|scope| {
        // A panic also unlocks this.
        let reading = done.lock().unwrap();
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (record, recorded, done) = (&record, &recorded, &done);
                scope.spawn(move || {
                    record(number);
                    recorded.wait();
                    drop(done.lock());
                })
            })
            .collect();
        recorded.wait();
        let during = read();
        drop(reading);
        for thread in threads {
            thread.join().unwrap();
        }
        during
    });
    (during, read())
}

#[test]
fn a_page_is_the_same_while_threads_live_and_afterwards() {
    let m = MetricsRegistry::new();
    let (counter, floats) = (m.family(&COUNTER).unwrap(), m.family(&FLOATS).unwrap());
    let (times, sizes) = (m.family(&TIMES).unwrap(), m.family(&SIZES).unwrap());
    let ids = ids();
    let record = |thread: usize| {
        for (place, id) in ids.iter().enumerate() {
            let id = Id { id };
            counter.inc_by(id, place as u64);
            // The sum of these numbers depends on their order.
            floats.inc_by(id, 0.1 * (thread * place) as f64);
            times.observe(id, Duration::from_micros((thread * 100) as u64));
            sizes.observe(id, 0.3 * (thread * place) as f64);
        }
    };
    let formats = [Format::Text, Format::OpenMetrics];
    let (during, after) = read_during_and_after(record, || formats.map(|format| page(&m, format)));
    assert!(during == after);
    let families = parse(&after[0]);
    let sum = |name: &str, sample: &str| {
        let of = families[name].samples.iter().filter(|((name, _), _)| name == sample);
        of.map(|(_, value)| value).sum::<f64>()
    };
    let places = (SERIES * (SERIES - 1) / 2) as f64;
    assert_eq!(sum(JOBS, JOBS), THREADS as f64 * places);
    assert_eq!(sum("job_seconds", "job_seconds_count"), (THREADS * SERIES) as f64);
    assert_eq!(sum("job_bytes", "job_bytes_count"), (THREADS * SERIES) as f64);
    let numbers = (THREADS * (THREADS - 1) / 2) as f64;
    let seconds = numbers * 0.0001 * SERIES as f64;
    assert!((sum("job_seconds", "job_seconds_sum") - seconds).abs() < 1e-6);
    let joules = sum("joules_total", "joules_total");
    assert!((joules - 0.1 * numbers * places).abs() < joules * 1e-9);
}

#[test]
fn no_counter_falls_while_threads_start_and_end() {
    const WAVES: usize = 8;
    let m = MetricsRegistry::new();
    let counter = m.family(&COUNTER).unwrap();
    let ids = ids();
    let record = || ids.iter().for_each(|id| counter.inc(Id { id }));
    let done = AtomicBool::new(false);
    let read = || {
        let counters: BTreeMap<(String, Labels), f64> =
            parse(&page(&m, Format::Text)).remove(JOBS).unwrap().samples;
        counters
    };
    let storm = || {
        thread::scope(|scope| {
            let scraper = scope.spawn(|| {
                let (mut last, mut pages) = (read(), 0);
                while !done.load(SeqCst) || pages == 0 {
                    let now = read();
                    for (series, value) in &now {
                        assert!(last[series] <= *value, "{series:?} fell: {}", last[series]);
                    }
                    (last, pages) = (now, pages + 1);
                }
            });
            for _ in 0..WAVES {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(record)).collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }
            done.store(true, SeqCst);
            scraper.join().unwrap();
        });
        read()
    };
    let (during, after) = read_during_and_after(|_| record(), storm);
    assert!(during.values().all(|value| *value == (THREADS + 4 * WAVES) as f64), "{during:?}");
    assert!(after.values().all(|value| *value == (THREADS + 8 * WAVES) as f64), "{after:?}");
}

#[test]
fn an_exemplar_is_never_shown_before_it_is_counted() {
    let m = MetricsRegistry::new();
    let steps = m.family(&STEPS).unwrap();
    let ids = ids();
    let exemplar = Exemplar::new(&[("trace_id", "0af7651916cd43dd8448eb211c80319c")]).unwrap();
    let storm = || {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                // Each time, this is the first observation of a bucket.
                for bound in STEP_BOUNDS {
                    for id in &ids {
                        let series = steps.with(Id { id });
                        series.observe_with_exemplar(bound + Duration::from_nanos(1), &exemplar);
                    }
                }
                done.store(true, SeqCst);
            });
            loop {
                let last = done.load(SeqCst);
                let page = String::from_utf8(page(&m, Format::OpenMetrics)).unwrap();
                let buckets = page.lines().filter(|line| line.starts_with("step_seconds_bucket"));
                let mut before = 0;
                let mut shown = 0;
                for bucket in buckets {
                    let (sample, exemplar) = bucket.split_once(" # ").unwrap_or((bucket, ""));
                    let count: u64 = sample.rsplit_once(' ').unwrap().1.parse().unwrap();
                    if !exemplar.is_empty() {
                        assert!(before < count, "{bucket}");
                        shown += 1;
                    }
                    before = if sample.contains("+Inf") { 0 } else { count };
                }
                if last {
                    break shown;
                }
            }
        })
    };
    let record = |_| ids.iter().for_each(|id| steps.observe(Id { id }, Duration::ZERO));
    let (during, after) = read_during_and_after(record, storm);
    let all = SERIES * STEP_BOUNDS.len();
    assert_eq!(during, all);
    assert_eq!(after, all);
}
