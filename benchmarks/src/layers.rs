//! A request through an axum router, with each library's layer around it.

use std::hint::black_box;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use caracal_axum::GatewayMetricsLayer;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt;
use http::Request;
use http_body_util::BodyExt;
use prometheus_axum_middleware::PrometheusAxumLayer;
use tower::Service;
use tower::layer::layer_fn;

use crate::peers::metrics::PAGE;
use crate::peers::peer::Work;

fn router() -> Router {
    Router::new().route("/hello", get(async || "hello"))
}

fn requests(router: Router) -> Work {
    Box::new(move |times| {
        let mut router = router.clone();
        for _ in 0..times {
            let request = Request::get("/hello").body(Body::empty()).expect("a request");
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

pub(crate) fn without() -> Work {
    requests(router().layer(layer_fn(DoesNothing)))
}

pub(crate) fn works() -> Vec<(&'static str, Work)> {
    let ours = GatewayMetricsLayer::new(&MetricsRegistry::new());
    LazyLock::force(&PAGE);
    let requests_only = requests(router().layer(PrometheusMetricLayer::new()));
    let axum_prometheus: Work = Box::new(move |times| {
        requests_only(times);
        // What it keeps of histograms grows until somebody drains it.
        PAGE.run_upkeep();
    });
    vec![
        ("prometheus-axum-middleware", requests(router().layer(PrometheusAxumLayer::new()))),
        ("axum-prometheus", axum_prometheus),
        ("caracal", requests(router().layer(ours))),
    ]
}
