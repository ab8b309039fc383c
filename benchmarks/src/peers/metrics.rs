use std::hint::black_box;
use std::sync::LazyLock;

use metrics::{Recorder, counter as counter_of, gauge, histogram as histogram_of};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::peer::{BUCKETS, PAGE_BUCKETS, Peer, SERIES, TOOK, Work, repeat, tenant};

pub(super) const METRICS: Peer = Peer {
    name: "metrics + exporter",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

/// The process's recorder, which axum-prometheus records into as well.
pub(crate) static PAGE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("buckets");
    builder.install_recorder().expect("no other recorder")
});

/// Work on the process's recorder. What it keeps of histograms grows until somebody drains it.
fn record(work: impl Fn() + Sync + 'static) -> Work {
    LazyLock::force(&PAGE);
    Box::new(move |times| {
        (0..times).for_each(|_| work());
        PAGE.run_upkeep();
    })
}

fn handle() -> Work {
    LazyLock::force(&PAGE);
    let counter = counter_of!("bench_handle");
    repeat(move || black_box(&counter).increment(1))
}

fn counter() -> Work {
    record(|| {
        let (name, from, to) = black_box(("database", "closed", "open"));
        counter_of!("bench_counter", "name" => name, "from" => from, "to" => to).increment(1);
    })
}

fn histogram() -> Work {
    record(|| {
        let (operation, table) = black_box(("select", "policies"));
        histogram_of!("bench_histogram", "operation" => operation, "table" => table).record(TOOK);
    })
}

fn own_counter() -> Work {
    let tenant = tenant();
    record(move || {
        let (payment, tenant) = black_box(("card", tenant.as_str()));
        // A label is text that lives as long as the program, or owned.
        let tenant = tenant.to_owned();
        counter_of!("bench_orders", "payment" => payment, "tenant" => tenant).increment(1);
    })
}

fn request() -> Work {
    record(|| {
        let (method, status, auth) = black_box(("GET", "200", "jwt"));
        gauge!("bench_in_flight").increment(1);
        counter_of!("bench_requests", "method" => method, "status" => status, "auth" => auth)
            .increment(1);
        histogram_of!("bench_durations", "method" => method, "status" => status).record(TOOK);
        gauge!("bench_in_flight").decrement(1);
    })
}

fn recorder(buckets: &[f64]) -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(buckets).expect("buckets").build_recorder()
}

fn page(recorder: &impl Recorder, handle: PrometheusHandle, series: impl Fn(u64)) -> Work {
    metrics::with_local_recorder(recorder, || (0..SERIES).for_each(series));
    repeat(move || {
        black_box(handle.render());
    })
}

fn counters_page() -> Work {
    let recorder = recorder(&BUCKETS);
    page(&recorder, recorder.handle(), |agent| {
        let agent_id = format!("agent-{agent}");
        counter_of!("c", "decision" => "allowed", "agent_id" => agent_id).increment(agent);
    })
}

fn histograms_page() -> Work {
    let recorder = recorder(&PAGE_BUCKETS);
    page(&recorder, recorder.handle(), |table| {
        let table = format!("table_{table}");
        histogram_of!("d", "operation" => "select", "table" => table).record(TOOK);
    })
}
