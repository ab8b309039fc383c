use std::hint::black_box;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::{counter as counter_of, gauge, histogram as histogram_of};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::names::{Rotation, short};
use super::peer::{BUCKETS, PAGE_BUCKETS, Page, Peer, TOOK, Work, pages, tenant};

pub(super) const METRICS: Peer = Peer {
    name: "metrics + exporter",
    handle,
    counter,
    enum_counter,
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

/// The recorder of the process. axum-prometheus records into it as well.
pub(crate) static PAGE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("buckets");
    builder.install_recorder().expect("no other recorder")
});

/// The exporter's memory for histograms grows until it is drained. Here this is done after this number
/// of records.
const DRAINED_AFTER: u64 = 10_000;

/// Work with a separate recorder.
fn record<T>(
    names: &'static [&'static str],
    make: impl FnOnce() -> T,
    work: impl Fn(&T) + Send + Sync + 'static,
) -> Work
where
    T: Send + Sync + 'static,
{
    let recorder = recorder(&BUCKETS);
    let handles = metrics::with_local_recorder(&recorder, make);
    drained(recorder, names, move |times| (0..times).for_each(|_| work(&handles)))
}

/// Work that records into this recorder, whose histograms are drained.
pub(crate) fn drained(
    recorder: PrometheusRecorder,
    names: &'static [&'static str],
    work: impl Fn(u64) + Send + Sync + 'static,
) -> Work {
    let (upkeep, shown) = (recorder.handle(), recorder.handle());
    let undrained = AtomicU64::new(0);
    let work = Work::new(move |times| {
        metrics::with_local_recorder(&recorder, || work(times));
        if undrained.fetch_add(times, Relaxed) + times > DRAINED_AFTER {
            undrained.store(0, Relaxed);
            upkeep.run_upkeep();
        }
    });
    // The exporter loses observations if a histogram is drained while another thread records into it:
    // `AtomicBucket::push` of metrics-util 0.20 publishes a new block before it links the earlier blocks to it. It
    // lost 1 of 2,268,045 in one run, and 64,769 of 1,017,483 in another.
    work.shown_but(0.1, names, move || shown.render())
}

fn handle() -> Work {
    record(&["c"], || counter_of!("c"), |counter| black_box(counter).increment(1))
}

fn counter() -> Work {
    record(
        &["c"],
        || (),
        |()| {
            let (name, from, to) = (black_box("database"), black_box("closed"), black_box("open"));
            counter_of!("c", "name" => name, "from" => from, "to" => to).increment(1);
        },
    )
}

/// An enum is recorded as the text of its value.
fn enum_counter() -> Work {
    counter()
}

fn own_counter() -> Work {
    record(&["c"], tenant, |tenant| {
        let (payment, tenant) = (black_box("card"), black_box(tenant.as_str()));
        // A label is either static text or owned text.
        let tenant = tenant.to_owned();
        counter_of!("c", "payment" => payment, "tenant" => tenant).increment(1);
    })
}

fn histogram() -> Work {
    record(&["d_count"], tenant, |tenant| {
        let (payment, tenant) = (black_box("card"), black_box(tenant.as_str()));
        let tenant = tenant.to_owned();
        histogram_of!("d", "payment" => payment, "tenant" => tenant).record(black_box(TOOK));
    })
}

fn query() -> Work {
    record(
        &["c", "d_count"],
        || (),
        |()| {
            let [operation, table, status] = black_box(["select", "policies", "success"]);
            counter_of!("c", "operation" => operation, "table" => table, "status" => status)
                .increment(1);
            histogram_of!("d", "operation" => operation, "table" => table).record(black_box(TOOK));
        },
    )
}

fn request() -> Work {
    record(
        &["c", "d_count"],
        || (),
        |()| {
            let (method, status, auth) = (black_box("GET"), black_box("200"), black_box("jwt"));
            gauge!("g").increment(1);
            counter_of!("c", "method" => method, "status" => status, "auth" => auth).increment(1);
            histogram_of!("d", "method" => method, "status" => status).record(black_box(TOOK));
            gauge!("g").decrement(1);
        },
    )
}

fn request_handle() -> Work {
    let make = || {
        let requests = counter_of!("c", "method" => "GET", "status" => "200", "auth" => "jwt");
        (gauge!("g"), requests, histogram_of!("d", "method" => "GET", "status" => "200"))
    };
    record(&["c", "d_count"], make, |(in_flight, requests, durations)| {
        in_flight.increment(1);
        black_box(requests).increment(1);
        black_box(durations).record(black_box(TOOK));
        in_flight.decrement(1);
    })
}

fn policy(rotation: &Rotation) -> Work {
    let make = || {
        for other in rotation.others() {
            counter_of!("c", "decision" => "allowed", "agent" => other).increment(0);
        }
        rotation.names.clone()
    };
    record(&["c", "d_count"], make, |names| {
        let decision = black_box("allowed");
        let agent = names.next().to_owned();
        counter_of!("c", "decision" => decision, "agent" => agent).increment(1);
        histogram_of!("d", "decision" => decision).record(black_box(TOOK));
    })
}

fn two_open(rotation: &Rotation) -> Work {
    let make = || {
        for other in rotation.others() {
            counter_of!("c", "method" => "jwt", "reason" => other).increment(0);
        }
        rotation.names.clone()
    };
    record(&["c"], make, |names| {
        let (method, reason) = (black_box("jwt").to_owned(), names.next().to_owned());
        counter_of!("c", "method" => method, "reason" => reason).increment(1);
    })
}

fn recorder(buckets: &[f64]) -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(buckets).expect("buckets").build_recorder()
}

fn written(
    of: Page,
    name: &'static str,
    recorder: PrometheusRecorder,
    series: impl Fn(u64) + Send + Sync + 'static,
) -> Work {
    let handle = recorder.handle();
    let record = move |number| metrics::with_local_recorder(&recorder, || series(number));
    pages(of, name, record, move |page: &mut String| *page = handle.render())
}

fn counters_page(of: Page) -> Work {
    written(of, "c", recorder(&BUCKETS), |agent| {
        let agent_id = short(agent);
        counter_of!("c", "decision" => "allowed", "agent_id" => agent_id).increment(agent);
    })
}

fn histograms_page(of: Page) -> Work {
    written(of, "d_count", recorder(&PAGE_BUCKETS), |table| {
        let table = short(table);
        histogram_of!("d", "operation" => "select", "table" => table).record(TOOK);
    })
}
