//! A request through an axum router, with each library's layer around it.

use std::hint::black_box;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use anyhow::ensure;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use caracal_axum::GatewayMetricsLayer;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::BodyExt;
use prometheus_axum_middleware::PrometheusAxumLayer;
use tower::Service;
use tower::layer::layer_fn;

use crate::peers::metrics::PAGE;
use crate::peers::peer::{Work, samples};

/// The headers of requests: none of them, the first nine, or all ten. The last one contains a sampled
/// trace.
const HEADERS: [(&str, &str); 10] = [
    ("host", "gateway:8443"),
    ("user-agent", "curl/8.5.0"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, br"),
    ("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"),
    ("content-type", "application/json"),
    ("x-request-id", "7b0c2f"),
    ("x-forwarded-for", "10.0.0.1"),
    ("connection", "keep-alive"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
];

fn router() -> Router {
    Router::new().route("/hello", get(async || "hello"))
}

fn requests(router: Router, headers: usize) -> Work {
    // Like `axum::serve`. Without this, the routes are built again for each request.
    let router: Router = router.with_state(());
    let pair = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers: HeaderMap = HEADERS.into_iter().take(headers).map(pair).collect();
    Work::new(move |times| {
        let mut router = router.clone();
        for _ in 0..times {
            let mut request = Request::get("/hello").body(Body::empty()).expect("a request");
            request.headers_mut().clone_from(&headers);
            let answer = Service::call(&mut router, request).now_or_never();
            let answer =
                answer.expect("nothing to wait for").unwrap_or_else(|never| match never {});
            assert!(answer.status().is_success());
            let body = answer.into_body().collect().now_or_never().expect("nothing to wait for");
            black_box(body.expect("a body"));
        }
    })
}

#[derive(Clone)]
struct DoesNothing<S>(S);

impl<S: Service<R>, R> Service<R> for DoesNothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// A request without any of the layers.
pub(crate) fn without() -> Work {
    without_with(0)
}

pub(crate) fn works() -> Vec<(&'static str, Work)> {
    works_with(0)
}

pub(crate) fn without_with(headers: usize) -> Work {
    requests(router().layer(layer_fn(DoesNothing)), headers)
}

pub(crate) fn works_with(headers: usize) -> Vec<(&'static str, Work)> {
    let other = requests(router().layer(PrometheusAxumLayer::new()), headers);
    LazyLock::force(&PAGE);
    let requests_only = requests(router().layer(PrometheusMetricLayer::new()), headers);
    let drained = Work::new(move |times| {
        requests_only(times);
        // The exporter's memory for histograms grows until it is drained.
        PAGE.run_upkeep();
    });
    let encoder = prometheus::TextEncoder::new();
    let page = move || encoder.encode_to_string(&prometheus::gather()).expect("a page");
    vec![
        ("prometheus-axum-middleware", counting_on(other, page)),
        ("axum-prometheus", counting_on(drained, || PAGE.render())),
        ("caracal, by route", ours(headers, true)),
        ("caracal", ours(headers, false)),
    ]
}

fn ours(headers: usize, by_route: bool) -> Work {
    let metrics = MetricsRegistry::new();
    let layer = GatewayMetricsLayer::new(&metrics);
    let layer = if by_route { layer.by_route() } else { layer };
    let names: &[_] = if by_route {
        &["caracal_gateway_requests_total", "caracal_gateway_route_requests_total"]
    } else {
        &["caracal_gateway_requests_total"]
    };
    requests(router().layer(layer), headers).shown(names, move || metrics.generate_metrics())
}

/// Work that is proven by a page of the whole process, which also contains the requests of others.
fn counting_on(work: Work, page: impl Fn() -> String + Send + Sync + 'static) -> Work {
    let counted = move || samples(page().as_bytes(), "axum_http_requests_total").sum::<f64>();
    let already = counted();
    work.proven_by(move |done| {
        let requests = counted() - already;
        ensure!(requests == done as f64, "{requests} requests on the page, {done} were made");
        Ok(())
    })
}
