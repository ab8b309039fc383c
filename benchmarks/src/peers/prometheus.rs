use std::hint::black_box;

use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use super::names::{Rotation, short};
use super::peer::{
    BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Page, Peer, TOOK, Work, pages, repeat, tenant,
};

pub(super) const PROMETHEUS: Peer = Peer {
    name: "prometheus",
    handle,
    counter,
    // An enum is recorded as the text of its value.
    enum_counter: counter,
    own_counter,
    histogram,
    query,
    request,
    request_handle,
    policy,
    two_open,
    counters_page: Some(counters_page),
    histograms_page: Some(histograms_page),
};

pub(super) fn counters(labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new("c", "h"), labels).expect("valid names")
}

pub(super) fn histograms(labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let opts = HistogramOpts::new("d", "h").buckets(buckets.to_vec());
    HistogramVec::new(opts, labels).expect("valid names")
}

/// The page of these collectors.
pub(super) fn page(collectors: Vec<Box<dyn Collector>>) -> impl Fn() -> Vec<u8> + Send + Sync {
    let registry = Registry::new();
    for collector in collectors {
        registry.register(collector).expect("a free name");
    }
    move || {
        let mut page = Vec::new();
        write(&registry, &mut page);
        page
    }
}

fn write(registry: &Registry, page: &mut Vec<u8>) {
    page.clear();
    TextEncoder::new().encode(&registry.gather(), page).expect("families with series");
}

fn handle() -> Work {
    let counter = IntCounter::new("c", "h").expect("a valid name");
    let page = page(vec![Box::new(counter.clone())]);
    repeat(move || black_box(&counter).inc()).shown(&["c"], page)
}

/// Counters with these labels.
fn counting(names: &[&str], record: impl Fn(&IntCounterVec) + Send + Sync + 'static) -> Work {
    let counters = counters(names);
    let page = page(vec![Box::new(counters.clone())]);
    repeat(move || record(&counters)).shown(&["c"], page)
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
    let work = repeat(move || {
        let labels = black_box(["card", tenant.as_str()]);
        durations.with_label_values(&labels).observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["d_count"], page)
}

fn query() -> Work {
    let queries = counters(&["operation", "table", "status"]);
    let durations = histograms(&["operation", "table"], &PAGE_BUCKETS);
    let page = page(vec![Box::new(queries.clone()), Box::new(durations.clone())]);
    let work = repeat(move || {
        let [operation, table, status] = black_box(["select", "policies", "success"]);
        queries.with_label_values(&[operation, table, status]).inc();
        let durations = durations.with_label_values(&[operation, table]);
        durations.observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}

pub(super) fn in_flight() -> IntGauge {
    IntGauge::new("g", "h").expect("a valid name")
}

fn request() -> Work {
    let in_flight = in_flight();
    let requests = counters(&["method", "status", "auth"]);
    let durations = histograms(&["method", "status"], &BUCKETS);
    let page = page(vec![Box::new(requests.clone()), Box::new(durations.clone())]);
    let work = repeat(move || {
        in_flight.inc();
        requests.with_label_values(black_box(&["GET", "200", "jwt"])).inc();
        let durations = durations.with_label_values(black_box(&["GET", "200"]));
        durations.observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn request_handle() -> Work {
    let in_flight = in_flight();
    let requests = counters(&["method", "status", "auth"]);
    let durations = histograms(&["method", "status"], &BUCKETS);
    let page = page(vec![Box::new(requests.clone()), Box::new(durations.clone())]);
    let requests = requests.with_label_values(&["GET", "200", "jwt"]);
    let durations = durations.with_label_values(&["GET", "200"]);
    let work = repeat(move || {
        in_flight.inc();
        black_box(&requests).inc();
        black_box(&durations).observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn policy(rotation: &Rotation) -> Work {
    let evaluations = counters(&["decision", "agent"]);
    let durations = histograms(&["decision"], &POLICY_BUCKETS);
    let page = page(vec![Box::new(evaluations.clone()), Box::new(durations.clone())]);
    for other in rotation.others() {
        evaluations.with_label_values(&["allowed", &other]).inc_by(0);
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let decision = black_box("allowed");
        evaluations.with_label_values(&[decision, names.next()]).inc();
        durations.with_label_values(&[decision]).observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}

fn two_open(rotation: &Rotation) -> Work {
    let counters = counters(&["method", "reason"]);
    let page = page(vec![Box::new(counters.clone())]);
    for other in rotation.others() {
        counters.with_label_values(&["jwt", &other]).inc_by(0);
    }
    let names = rotation.names.clone();
    repeat(move || counters.with_label_values(&[black_box("jwt"), names.next()]).inc())
        .shown(&["c"], page)
}

fn written(
    of: Page,
    name: &'static str,
    collector: impl Collector + 'static,
    record: impl Fn(u64) + Send + Sync + 'static,
) -> Work {
    let registry = Registry::new();
    registry.register(Box::new(collector)).expect("a free name");
    pages(of, name, record, move |page| write(&registry, page))
}

fn counters_page(of: Page) -> Work {
    let counters = counters(&["decision", "agent_id"]);
    written(of, "c", counters.clone(), move |agent| {
        counters.with_label_values(&["allowed", &short(agent)]).inc_by(agent);
    })
}

fn histograms_page(of: Page) -> Work {
    let durations = histograms(&["operation", "table"], &PAGE_BUCKETS);
    written(of, "d_count", durations.clone(), move |table| {
        durations.with_label_values(&["select", &short(table)]).observe(TOOK.as_secs_f64());
    })
}
