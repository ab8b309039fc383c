//! Reads the endpoint with the reference implementations of its formats: `prometheus_client` and a real
//! Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::routing::get;
use caracal_metrics::axum::families::{GATEWAY_ROUTE_REQUESTS, RouteRequest, StatusClass};
use caracal_metrics::axum::{GatewayMetricsLayer, MetricsEndpoint};
use caracal_metrics_core::{
    CircuitBreakerState, DatabaseOperationType, Exemplar, Format, Method, MetricsRegistry,
    MetricsRegistryBuilder, PolicyDecisionType, QueryStatus,
};
use integration_tests::{Needs, Prometheus, PythonSample, python_samples, run, test};
use prometheus::{Counter, Gauge, Histogram, HistogramOpts, Opts};
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn main() -> ExitCode {
    run(vec![
        test("python_reads_the_same_in_both_texts", &[Needs::Python], python_reads_the_same),
        test("prometheus_scrapes_openmetrics", &[Needs::Prometheus], || {
            prometheus_stores_everything(
                &["--enable-feature=exemplar-storage"],
                Format::OpenMetrics.content_type(),
            )
        }),
        test("prometheus_scrapes_protobuf", &[Needs::Prometheus], || {
            prometheus_stores_everything(
                &["--enable-feature=exemplar-storage,native-histograms"],
                Format::Protobuf.content_type(),
            )
        }),
    ])
}

/// A registry in which every recorder has recorded hostile values, with collectors of a user.
fn registry(builder: MetricsRegistryBuilder) -> Result<MetricsRegistry> {
    let m = builder.const_label("service", "a\"b\\c\nd").build()?;
    let trace = Exemplar::new(&[("trace_id", TRACE)])?;
    let route_requests = m.family(&GATEWAY_ROUTE_REQUESTS)?;
    for millis in [1, 7, 20, 90, 2_000, 100_000] {
        let duration = Duration::from_millis(millis);
        m.record_gateway_request_with_exemplar("GET", 200, "jwt", duration, &trace);
        m.record_gateway_request("BREW", 999, "\u{1f980}\"\\\n", duration);
        route_requests.inc(RouteRequest {
            route: "/agents/{id}",
            method: Method::new("GET"),
            status_class: StatusClass::of(404),
        });
        m.record_policy_evaluation(PolicyDecisionType::Denied, "agent{1}", duration);
        m.record_database_query(
            DatabaseOperationType::Select,
            "agents",
            QueryStatus::Error,
            duration,
        );
    }
    // Larger than a float can represent exactly.
    m.record_gateway_request("PUT", 200, "jwt", Duration::from_nanos(9_007_199_254_740_993));
    m.record_auth_failure("", "expired");
    m.record_replay_block("nonce_reused # {x=\"y\"} 1");
    m.set_circuit_breaker_state("database", CircuitBreakerState::HalfOpen);
    m.set_policy_cache_size(u64::MAX);
    m.record_database_connection_error("refused");

    let counter = Counter::with_opts(Opts::new("app_jobs_total", "Jobs \"done\" \\ \n all"))?;
    counter.inc_by(2.5);
    m.register(Box::new(counter))?;
    // Clashes with the counter in OpenMetrics.
    m.register(Box::new(Gauge::with_opts(Opts::new("app_jobs", "Jobs at work"))?))?;
    let buckets = HistogramOpts::new("app_bytes", "Sizes").buckets(vec![1e-5, 1.0, 1e6, 2.5e9]);
    let histogram = Histogram::with_opts(buckets)?;
    histogram.observe(1e300);
    m.register(Box::new(histogram))?;
    Ok(m)
}

fn page(m: &MetricsRegistry, format: Format) -> Vec<u8> {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    page
}

async fn python_reads_the_same() -> Result<()> {
    let m = registry(MetricsRegistry::builder().created_lines())?;
    let sorted = |samples: Vec<PythonSample>| {
        let samples = samples.into_iter().map(|s| ((s.name, s.labels), (s.value, s.exemplar)));
        samples.collect::<BTreeMap<_, _>>()
    };
    let text = sorted(python_samples("text", &page(&m, Format::Text))?);
    let mut openmetrics = sorted(python_samples("openmetrics", &page(&m, Format::OpenMetrics))?);
    ensure!(text.len() > 150, "{} samples", text.len());

    let all = openmetrics.len();
    let mut exemplars = BTreeSet::new();
    for ((name, labels), (_, exemplar)) in &mut openmetrics {
        if let Some((trace, value)) = exemplar.take() {
            ensure!(name == "caracal_gateway_request_duration_seconds_bucket", "{name}");
            ensure!(trace == BTreeMap::from([("trace_id".to_owned(), TRACE.to_owned())]));
            exemplars.insert((labels["le"].clone(), value));
        }
    }
    let expected = [
        ("+Inf", "100.0"),
        ("0.005", "0.001"),
        ("0.01", "0.007"),
        ("0.025", "0.02"),
        ("0.1", "0.09"),
        ("2.5", "2.0"),
    ];
    let expected = expected.map(|(le, value)| (le.to_owned(), value.to_owned()));
    ensure!(exemplars == BTreeSet::from(expected), "{exemplars:?}");
    for (sample, value) in &text {
        ensure!(openmetrics.get(sample) == Some(value), "{sample:?} is {value:?} in text only");
    }
    let ours = |name: &str| name.starts_with("caracal_");
    let begin = text
        .keys()
        .filter(|(name, _)| ours(name) && (name.ends_with("_total") || name.ends_with("_count")));
    let begin = begin.count();
    openmetrics.retain(|(name, _), _| !(ours(name) && name.ends_with("_created")));
    let created = text.len() + begin;
    ensure!(text.len() == openmetrics.len(), "OpenMetrics has samples that text does not have");
    ensure!(all == created, "{all} samples, not {created}: a series has no start timestamp");
    Ok(())
}

type ContentTypes = Arc<Mutex<BTreeSet<String>>>;

/// Serves the registry, and records the content types of the answers to the scraper.
async fn serve(m: &MetricsRegistry) -> Result<(SocketAddr, ContentTypes)> {
    let answered = ContentTypes::default();
    let notes = Arc::clone(&answered);
    let note = move |request: Request, next: Next| {
        let notes = Arc::clone(&notes);
        async move {
            let response = next.run(request).await;
            let headers = response.headers();
            let of = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let line = format!("{} {}", of("content-encoding"), of("content-type"));
            notes.lock().unwrap_or_else(PoisonError::into_inner).insert(line);
            response
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/metrics", MetricsEndpoint::new(m).into_method_router())
        .layer(middleware::from_fn(note))
        .merge(
            Router::new()
                .route("/agents/{id}", get(async || "agent"))
                .layer(GatewayMetricsLayer::new(m).by_route()),
        );
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok((address, answered))
}

async fn prometheus_stores_everything(flags: &[&str], content_type: &str) -> Result<()> {
    let m = registry(MetricsRegistry::builder())?;
    let (address, answered) = serve(&m).await?;
    let response = reqwest::Client::new()
        .get(format!("http://{address}/agents/7"))
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .send()
        .await?;
    ensure!(response.status() == 200, "{response:?}");
    response.bytes().await?;

    let prometheus = Prometheus::scraping_with_flags(address, flags).await?;
    let up = |samples: &[integration_tests::Sample]| samples.iter().any(|up| up.value > 0.0);
    prometheus.wait_until("up", up).await?;
    let answered = answered.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(answered == BTreeSet::from([format!("gzip {content_type}")]), "{answered:?}");

    // Every sample of the page, except those that each scrape changes.
    let text = String::from_utf8(page(&m, Format::Text))?;
    let own = ["up", "scrape_", "caracal_metrics_scrape"];
    let mut missing = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').context("no sample")?;
        let name = series.split('{').next().unwrap_or_default();
        if !own.iter().any(|own| name.starts_with(own)) {
            *missing.entry((name.to_owned(), value.parse::<f64>()?.to_bits())).or_insert(0) += 1;
        }
    }
    for sample in prometheus.query("{job=\"test\"}").await? {
        let name = sample.labels["__name__"].clone();
        if !own.iter().any(|own| name.starts_with(own)) {
            *missing.entry((name, sample.value.to_bits())).or_insert(0) -= 1;
        }
    }
    missing.retain(|_, count| *count != 0);
    ensure!(missing.is_empty(), "only on the page (> 0) or only in Prometheus (< 0): {missing:?}");

    let bound = r#"caracal_gateway_request_duration_seconds_bucket{le="1e+06"}"#;
    ensure!(prometheus.query(bound).await?.is_empty());
    ensure!(prometheus.query(r#"app_bytes_bucket{le="1e+06"}"#).await?.len() == 1);
    ensure!(
        prometheus
            .query(r#"caracal_gateway_request_duration_seconds_bucket{le="1.0"}"#)
            .await?
            .len()
            > 1
    );

    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (start, end) = ((now - 600).to_string(), (now + 60).to_string());
    let query = "caracal_gateway_request_duration_seconds_bucket";
    let parameters = [("query", query), ("start", start.as_str()), ("end", end.as_str())];
    let answer = prometheus.get("/api/v1/query_exemplars", &parameters).await?;
    let mut values = BTreeSet::new();
    for series in answer["data"].as_array().context("no exemplars")? {
        for exemplar in series["exemplars"].as_array().context("no exemplars")? {
            ensure!(exemplar["labels"]["trace_id"] == TRACE, "{exemplar}");
            values.insert(exemplar["value"].as_str().unwrap_or_default().to_owned());
        }
    }
    for value in ["0.007", "0.02", "0.09", "2", "100"] {
        ensure!(values.contains(value), "{value} is not in {answer}");
    }
    Ok(())
}
