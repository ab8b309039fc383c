//! Features that the peers do not have: a limit, large pages in all formats and compressed, and pages
//! for which the values of many threads are added up.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use axum::body::Body;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::{Counter, Family, Format, MetricsRegistry, PolicyDecisionType, labels};
use http::Request;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http_body_util::BodyExt;
use tokio::runtime;
use tower::ServiceExt;

use crate::parked::Parked;
use crate::peers::caracal::{COUNTED, OBSERVED, count, evaluations, observe, unlimited, written};
use crate::peers::names::{Names, Rotation, uuid};
use crate::peers::peer::{Page, Work, repeat, samples};
use crate::peers::{CARACAL, PEERS};

pub(crate) type Works = Vec<(&'static str, Work)>;

/// Text, protobuf, and text after a new series. Data that is kept between pages is useful only if few
/// or no series change. Protobuf has the start timestamp of each series, like OpenMetrics with `_created` lines.
pub(crate) fn counters(series: u64) -> Works {
    vec![
        ("text", text(series, false)),
        ("text after one new series", text(series, true)),
        ("protobuf", encoded(unlimited(), Format::Protobuf, series, 1, count)),
        (
            "OpenMetrics with `_created` lines",
            encoded(with_created_lines(), Format::OpenMetrics, series, 2, count),
        ),
    ]
}

fn with_created_lines() -> MetricsRegistry {
    let builder = MetricsRegistry::builder().max_series_per_family(usize::MAX);
    builder.created_lines().build().expect("valid settings")
}

/// Without protobuf, to avoid another million series.
pub(crate) fn many_counters(series: u64) -> Works {
    let mut works = counters(series);
    works.truncate(2);
    works
}

pub(crate) fn histograms(series: u64) -> Works {
    vec![
        ("text", written(steady(series), OBSERVED, Format::Text, observe)),
        ("protobuf", encoded(unlimited(), Format::Protobuf, series, 1, observe)),
    ]
}

fn text(series: u64, growing: bool) -> Work {
    written(Page { series, growing }, COUNTED, Format::Text, count)
}

fn steady(series: u64) -> Page {
    Page { series, growing: false }
}

/// A page in this format, in which each series has this number of lines or messages.
fn encoded<R: Fn(u64)>(
    metrics: MetricsRegistry,
    format: Format,
    series: u64,
    each: u64,
    make: fn(&MetricsRegistry) -> R,
) -> Work {
    (0..series).for_each(make(&metrics));
    let shown = metrics.clone();
    let page = Mutex::new(Vec::new());
    let work = repeat(move || {
        let mut page = page.lock().expect("no panic");
        page.clear();
        metrics.encode(format, &mut page);
    });
    work.proven_by(move |_| {
        let mut page = Vec::new();
        shown.encode(format, &mut page);
        let names = page.windows(6).filter(|text| text == b"agent-").count() as u64;
        ensure!(names == each * series, "{names} names on a page of {series} series");
        Ok(())
    })
}

/// A page as a scraper gets it from the endpoint, uncompressed and with gzip.
pub(crate) fn compressed<R: Fn(u64)>(series: u64, make: fn(&MetricsRegistry) -> R) -> Works {
    let metrics = unlimited();
    (0..series).for_each(make(&metrics));
    let app = MetricsEndpoint::new(&metrics).into_router();
    vec![
        ("plain", scrapes(app.clone(), "identity", series * 20)),
        ("gzip", scrapes(app, "gzip", series)),
    ]
}

/// Scrapes of pages that are longer than this number of bytes.
fn scrapes(app: Router, encoding: &'static str, bytes: u64) -> Work {
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = Mutex::new(runtime.expect("a runtime"));
    let last = Arc::new(Mutex::new((0, None)));
    let proof = last.clone();
    let work = repeat(move || {
        let request = Request::get("/metrics").header(ACCEPT_ENCODING, encoding);
        let request = request.body(Body::empty()).expect("a request");
        let read = runtime.lock().expect("no panic").block_on(async {
            let answer = app.clone().oneshot(request).await.unwrap_or_else(|e| match e {});
            assert!(answer.status().is_success());
            let encoding = answer.headers().get(CONTENT_ENCODING).cloned();
            (answer.into_body().collect().await.expect("a page").to_bytes().len(), encoding)
        });
        *last.lock().expect("no panic") = read;
    });
    work.proven_by(move |_| {
        let (length, answered) = &*proof.lock().expect("no panic");
        ensure!(*length as u64 > bytes, "{length} bytes");
        let answered = answered.as_ref().map_or(&b"identity"[..], |encoding| encoding.as_bytes());
        // The endpoint may choose not to compress a page.
        ensure!(answered == encoding.as_bytes() || answered == b"identity", "another encoding");
        Ok(())
    })
}

/// Counts policy evaluations of agents whose ids are UUIDs, which are hard to compress.
pub(crate) fn count_uuids(metrics: &MetricsRegistry) -> impl Fn(u64) + use<> {
    let metrics = metrics.clone();
    move |agent| {
        let (decision, took) = (PolicyDecisionType::Allowed, Duration::from_millis(37));
        metrics.record_policy_evaluation(decision, &uuid(agent), took);
    }
}

labels! {
    struct Agent<'a> { agent: &'a str }
}

static CALLS: Family<Counter, Agent<'_>> = Family::counter("calls_total", "Calls of agents.");

/// A page of series into all of which this number of threads have recorded. The threads are still
/// alive.
pub(crate) fn of_threads(series: u64, threads: usize) -> Work {
    let metrics = unlimited();
    let calls = metrics.family(&CALLS).expect("a free name");
    let handles: Vec<_> =
        (0..series).map(|number| calls.with(Agent { agent: &uuid(number) })).collect();
    handles.iter().for_each(Counter::inc);
    let alive = Parked::after(threads - 1, move || handles.iter().for_each(Counter::inc));
    let shown = metrics.clone();
    let work = repeat(move || {
        let _ = &alive;
        let mut page = Vec::new();
        metrics.encode(Format::Text, &mut page);
        black_box(page);
    });
    work.proven_by(move |_| {
        let sum: f64 = samples(&shown.generate_metrics(), "calls_total").sum();
        let recorded = series as f64 * threads as f64;
        ensure!(sum == recorded, "{sum} calls on the page, {recorded} were recorded");
        Ok(())
    })
}

/// The page of the fastest peer.
pub(crate) fn best_peer(series: u64) -> Work {
    let mut measured = PEERS.iter().filter(|peer| peer.name.starts_with("measured"));
    let page = measured.find_map(|peer| peer.counters_page).expect("it has pages");
    page(steady(series))
}

/// The peer has no limit, so label sets that are folded here become series there.
pub(crate) fn past_the_limit() -> Works {
    let unknown = Rotation::of(Names::uuids(10_000));
    let full = Rotation { others: 10_000, ..unknown.clone() };
    vec![
        ("prometheus, without a limit", (PEERS[0].policy)(&unknown)),
        ("caracal, without a limit", (CARACAL.policy)(&unknown)),
        ("caracal, past the limit", evaluations(&MetricsRegistry::new(), &full)),
    ]
}

/// The first one is the clock that we use. The second one costs less, but has to be calibrated when the
/// process starts, and is wrong after a virtual machine has moved to another host.
pub(crate) fn clocks() -> Works {
    fn twice<T>(now: impl Fn() -> T + Send + Sync + 'static) -> Work {
        Work::new(move |times| {
            for _ in 0..times {
                black_box((now(), now()));
            }
        })
    }
    let tsc = quanta::Clock::new();
    vec![
        ("std::time::Instant", twice(Instant::now)),
        ("quanta::Clock::raw", twice(move || tsc.raw())),
    ]
}
