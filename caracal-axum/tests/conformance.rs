//! The conformance kit of the core.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use caracal_axum::families::{
    GATEWAY_ROUTE_REQUEST_DURATION, GATEWAY_ROUTE_REQUESTS, HTTP_SERVER_ACTIVE_REQUESTS,
    HTTP_SERVER_REQUEST_DURATION,
};
use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer, metrics_endpoint};
use caracal_metrics_core::FamilySpec;
use caracal_metrics_core::catalogue::{
    GATEWAY_REQUEST_DURATION, GATEWAY_REQUESTS, GATEWAY_REQUESTS_IN_FLIGHT,
};
use caracal_metrics_core::conformance::Conformance;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

fn request(app: &Router, method: Method, path: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    });
}

/// Layers and endpoints can't return an error when a router is put together, so they panic.
fn made(make: impl FnOnce() -> Router) -> Result<Router, String> {
    let text = |panic: Box<dyn Any + Send>| {
        panic.downcast::<String>().map_or_else(|_| "without a message".to_owned(), |text| *text)
    };
    catch_unwind(AssertUnwindSafe(make)).map_err(text)
}

fn conformance(
    layered: fn(Router, &caracal_metrics_core::MetricsRegistry) -> Router,
    families: &[&'static FamilySpec],
) {
    Conformance::of_recorder("axum", move |metrics| {
        let app = Router::new().route("/agents/{id}", get(|| async { "agent" }));
        made(|| layered(app, metrics))
    })
    .families(families)
    .exercise(|app| request(app, Method::GET, "/agents/7"))
    .outside_values(|app, value| {
        request(app, Method::GET, &format!("/agents/{value}"));
        request(app, Method::GET, &format!("/{value}"));
        request(app, value.to_uppercase().parse().unwrap(), "/agents/7");
    })
    .check();
}

#[test]
fn the_gateway_layer_passes() {
    conformance(
        |app, metrics| app.layer(GatewayMetricsLayer::new(metrics).by_route()),
        &[
            GATEWAY_REQUESTS.spec(),
            GATEWAY_REQUEST_DURATION.spec(),
            GATEWAY_REQUESTS_IN_FLIGHT.spec(),
            GATEWAY_ROUTE_REQUESTS.spec(),
            GATEWAY_ROUTE_REQUEST_DURATION.spec(),
        ],
    );
}

#[test]
fn the_http_layer_passes() {
    conformance(
        |app, metrics| app.layer(HttpMetricsLayer::new(metrics)),
        &[HTTP_SERVER_REQUEST_DURATION.spec(), HTTP_SERVER_ACTIVE_REQUESTS.spec()],
    );
}

#[test]
fn the_endpoint_passes() {
    Conformance::of_recorder("axum", |metrics| {
        made(|| Router::new().route("/metrics", metrics_endpoint(metrics)))
    })
    .exercise(|app| request(app, Method::GET, "/metrics"))
    .outside_values(|app, value| request(app, Method::GET, &format!("/metrics?name[]={value}")))
    .check();
}
