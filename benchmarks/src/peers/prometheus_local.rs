//! The local handles of the crate. A thread that keeps them adds to plain memory, and flushes it from
//! time to time.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use prometheus::IntCounter;
use prometheus::core::Collector;
use prometheus::local::{LocalHistogramVec, LocalIntCounter, LocalIntCounterVec};

use super::names::Rotation;
use super::peer::{BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Peer, TOOK, Work, tenant};
use super::prometheus::{counters, histograms, in_flight, page};

pub(super) const PROMETHEUS_LOCAL: Peer = Peer {
    name: "prometheus, local handles",
    handle,
    counter,
    enum_counter: counter,
    own_counter,
    histogram,
    query,
    request,
    request_handle,
    policy,
    two_open,
    counters_page: None,
    histograms_page: None,
};

/// The maximum number of records before a thread flushes.
const FLUSHED_AFTER: u64 = 1_000_000;

/// Work with local handles. Each thread has its own handles and keeps them, because the crate looks up
/// a series in the shared family when a local handle sees it for the first time.
fn local<L: Send + 'static>(
    names: &'static [&'static str],
    page: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    make: impl Fn() -> L + Send + Sync + 'static,
    record: impl Fn(&mut L) + Send + Sync + 'static,
    flush: fn(&L),
) -> Work {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let shown = kept.clone();
    let work = Work::new(move |times| {
        let one = kept.lock().expect("no panic").pop();
        let (mut one, mut unflushed) = one.unwrap_or_else(|| (make(), 0));
        (0..times).for_each(|_| record(&mut one));
        unflushed += times;
        if unflushed > FLUSHED_AFTER {
            flush(&one);
            unflushed = 0;
        }
        kept.lock().expect("no panic").push((one, unflushed));
    });
    work.shown(names, move || {
        shown.lock().expect("no panic").iter().for_each(|(one, _)| flush(one));
        page()
    })
}

fn handle() -> Work {
    let counter = IntCounter::new("c", "h").expect("a valid name");
    let page = page(vec![Box::new(counter.clone())]);
    let make = move || counter.local();
    local(&["c"], page, make, |counter| black_box(counter).inc(), LocalIntCounter::flush)
}

fn counting(
    names: &[&str],
    record: impl Fn(&mut LocalIntCounterVec) + Send + Sync + 'static,
) -> Work {
    let counters = counters(names);
    let page = page(vec![Box::new(counters.clone())]);
    local(&["c"], page, move || counters.local(), record, LocalIntCounterVec::flush)
}

fn counter() -> Work {
    counting(&["name", "from", "to"], |counters| {
        counters.with_label_values(black_box(&["database", "closed", "open"])).inc();
    })
}

fn own_counter() -> Work {
    let tenant = tenant();
    counting(&["payment", "tenant"], move |counters| {
        counters.with_label_values(black_box(&["card", tenant.as_str()])).inc();
    })
}

fn histogram() -> Work {
    let (durations, tenant) = (histograms(&["payment", "tenant"], &PAGE_BUCKETS), tenant());
    let page = page(vec![Box::new(durations.clone())]);
    let record = move |durations: &mut LocalHistogramVec| {
        let labels = black_box(["card", tenant.as_str()]);
        durations.with_label_values(&labels).observe(black_box(TOOK).as_secs_f64());
    };
    let make = move || durations.local();
    local(&["d_count"], page, make, record, LocalHistogramVec::flush)
}

type Both = (LocalIntCounterVec, LocalHistogramVec);

/// Counters with these labels, and histograms with the first of them.
fn both(
    names: &[&str],
    of: usize,
    buckets: &[f64],
    record: impl Fn(&mut Both) + Send + Sync + 'static,
) -> Work {
    let (counters, durations) = (counters(names), histograms(&names[..of], buckets));
    let collectors: Vec<Box<dyn Collector>> =
        vec![Box::new(counters.clone()), Box::new(durations.clone())];
    let make = move || (counters.local(), durations.local());
    local(&["c", "d_count"], page(collectors), make, record, |both| {
        both.0.flush();
        both.1.flush();
    })
}

fn query() -> Work {
    both(&["operation", "table", "status"], 2, &PAGE_BUCKETS, |(queries, durations)| {
        let [operation, table, status] = black_box(["select", "policies", "success"]);
        queries.with_label_values(&[operation, table, status]).inc();
        let durations = durations.with_label_values(&[operation, table]);
        durations.observe(black_box(TOOK).as_secs_f64());
    })
}

/// There is no local gauge, so the gauge of requests in flight is shared.
fn request() -> Work {
    let in_flight = in_flight();
    both(&["method", "status", "auth"], 2, &BUCKETS, move |(requests, durations)| {
        in_flight.inc();
        requests.with_label_values(black_box(&["GET", "200", "jwt"])).inc();
        let durations = durations.with_label_values(black_box(&["GET", "200"]));
        durations.observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    })
}

fn request_handle() -> Work {
    let in_flight = in_flight();
    let requests = counters(&["method", "status", "auth"]);
    let durations = histograms(&["method", "status"], &BUCKETS);
    let page = page(vec![Box::new(requests.clone()), Box::new(durations.clone())]);
    let make = move || {
        let requests = requests.with_label_values(&["GET", "200", "jwt"]).local();
        (requests, durations.with_label_values(&["GET", "200"]).local())
    };
    local(
        &["c", "d_count"],
        page,
        make,
        move |(requests, durations)| {
            in_flight.inc();
            black_box(requests).inc();
            black_box(durations).observe(black_box(TOOK).as_secs_f64());
            in_flight.dec();
        },
        |(requests, durations)| {
            requests.flush();
            durations.flush();
        },
    )
}

fn policy(rotation: &Rotation) -> Work {
    let names = rotation.names.clone();
    both(&["decision", "agent"], 1, &POLICY_BUCKETS, move |(evaluations, durations)| {
        let decision = black_box("allowed");
        evaluations.with_label_values(&[decision, names.next()]).inc();
        durations.with_label_values(&[decision]).observe(black_box(TOOK).as_secs_f64());
    })
}

/// The other series belong to other threads.
fn two_open(rotation: &Rotation) -> Work {
    let counters = counters(&["method", "reason"]);
    for other in rotation.others() {
        counters.with_label_values(&["jwt", &other]).inc_by(0);
    }
    let page = page(vec![Box::new(counters.clone())]);
    let names = rotation.names.clone();
    let record = move |counters: &mut LocalIntCounterVec| {
        counters.with_label_values(&[black_box("jwt"), names.next()]).inc();
    };
    local(&["c"], page, move || counters.local(), record, LocalIntCounterVec::flush)
}
