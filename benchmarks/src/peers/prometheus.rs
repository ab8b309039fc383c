use std::hint::black_box;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use super::peer::{BUCKETS, PAGE_BUCKETS, Peer, SERIES, TOOK, Work, repeat, tenant};

pub(super) const PROMETHEUS: Peer = Peer {
    name: "prometheus",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

fn counters(labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new("c", "h"), labels).expect("valid names")
}

fn histograms(labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let opts = HistogramOpts::new("d", "h").buckets(buckets.to_vec());
    HistogramVec::new(opts, labels).expect("valid names")
}

fn handle() -> Work {
    let counter = IntCounter::new("c", "h").expect("a valid name");
    repeat(move || black_box(&counter).inc())
}

fn counter() -> Work {
    let counters = counters(&["name", "from", "to"]);
    repeat(move || counters.with_label_values(black_box(&["database", "closed", "open"])).inc())
}

fn histogram() -> Work {
    let durations = histograms(&["operation", "table"], &PAGE_BUCKETS);
    repeat(move || {
        durations.with_label_values(black_box(&["select", "policies"])).observe(TOOK.as_secs_f64());
    })
}

fn own_counter() -> Work {
    let (orders, tenant) = (counters(&["payment", "tenant"]), tenant());
    repeat(move || orders.with_label_values(black_box(&["card", tenant.as_str()])).inc())
}

fn request() -> Work {
    let in_flight = IntGauge::new("g", "h").expect("a valid name");
    let requests = counters(&["method", "status", "auth"]);
    let durations = histograms(&["method", "status"], &BUCKETS);
    repeat(move || {
        in_flight.inc();
        requests.with_label_values(black_box(&["GET", "200", "jwt"])).inc();
        durations.with_label_values(black_box(&["GET", "200"])).observe(TOOK.as_secs_f64());
        in_flight.dec();
    })
}

fn page(collector: impl prometheus::core::Collector + 'static) -> Work {
    let registry = Registry::new();
    registry.register(Box::new(collector)).expect("a free name");
    repeat(move || {
        let mut page = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut page).expect("families with series");
        black_box(page);
    })
}

fn counters_page() -> Work {
    let counters = counters(&["decision", "agent_id"]);
    for agent in 0..SERIES {
        counters.with_label_values(&["allowed", &format!("agent-{agent}")]).inc_by(agent);
    }
    page(counters)
}

fn histograms_page() -> Work {
    let durations = histograms(&["operation", "table"], &PAGE_BUCKETS);
    for table in 0..SERIES {
        let table = format!("table_{table}");
        durations.with_label_values(&["select", &table]).observe(TOOK.as_secs_f64());
    }
    page(durations)
}
