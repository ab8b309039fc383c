//! A `/metrics` endpoint and layers that record HTTP requests, for axum.
//!
//! To use this crate in a service, enable the feature `axum` of `caracal-metrics`.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use caracal_metrics::axum::{AuthMethod, GatewayMetricsLayer, metrics_endpoint};
//! use caracal_metrics::MetricsRegistry;
//! # use http_body_util::BodyExt;
//! # use tower::ServiceExt;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//!
//! let metrics = MetricsRegistry::new();
//! let app: Router = Router::new()
//!     .route("/tools", get(async || (AuthMethod::new("jwt"), "[]")))
//!     .layer(GatewayMetricsLayer::new(&metrics))
//!     // Add this route after the layer. The layer then does not count scrapes.
//!     .route("/metrics", metrics_endpoint(&metrics));
//!
//! # let app = &app;
//! # let get = |path: &str| {
//! #     let request = Request::get(path).body(Body::empty()).unwrap();
//! #     async move {
//! #         let body = app.clone().oneshot(request).await.unwrap().into_body();
//! #         String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
//! #     }
//! # };
//! # get("/metrics").await;
//! get("/tools").await;
//! assert!(get("/metrics").await.contains(
//!     r#"caracal_gateway_requests_total{method="GET",status_code="200",auth_method="jwt"} 1"#
//! ));
//! # assert_eq!(get("/metrics").await.matches("caracal_gateway_requests_total{").count(), 1);
//! # });
//! ```
//!
//! # How requests are counted
//!
//! A request begins when the service is called and ends when the response body ends. During that time, it is in
//! flight. It is counted once, when it ends. The status that [`GatewayMetricsLayer`] records depends on how it
//! ends:
//!
//! | the request ends because | status |
//! |---|---|
//! | the last frame of the body was handed to the server | the status of the response |
//! | the response was dropped before its last frame: the client disconnected, a timeout outside of the layer expired, or the server shut down | 499 |
//! | the service or the body panicked or failed, or the body was shorter than its announced length | 500 |
//! | the response is a 1xx other than 101; hyper sends a 500 instead | 500 |
//!
//! A *stream* counts as a request until its response head is ready, and as an open stream after that. A 2xx
//! response with a body is a stream if it has the type `text/event-stream` and no known length, or if the
//! route or the path of the request matches a pattern of [`MetricsLayer::streams`]. A stream ends as
//! `completed` (it was sent completely), `client` (the client disconnected, or the server shut down) or
//! `error` (the body failed or panicked). The families are `caracal_gateway_streams_open` and
//! `caracal_gateway_stream_duration_seconds`. For an [`HttpMetricsLayer`], they are
//! `http_server_streams_open` and `http_server_stream_duration_seconds`. They have the route as a label if
//! the layer knows it.
//!
//! An upgraded connection, such as a WebSocket, counts as an open stream if the service reports its lifetime
//! with [`OpenConnection`]. The request that opened the connection ends when its response head is ready.
//!
//! A response without a body ends with its head. This applies to a response to HEAD, to a 2xx response to
//! CONNECT, and to a 1xx, 204 or 304 response. If a layer outside this one replaces the response body, it drops
//! the original body, and the request is recorded as if the client had disconnected. The same applies to a
//! response head that hyper refuses to send, such as one with both `Transfer-Encoding` and `Content-Length`. If
//! the response body forwards the request body, and the client disconnects before the upload has ended, the
//! response body fails, and the request is counted with status 500.
//!
//! Your service can report additional facts about a request with response extensions: [`AuthMethod`],
//! [`AuthFailure`], [`ReplayBlock`] and [`DegradedMode`]. They are recorded with the head of the response, so
//! they are not lost if the body is aborted. If your authentication code can't set [`AuthMethod`], use
//! [`GatewayMetricsLayer::classify_auth_method`] to derive the authentication method from the response.
//!
//! If a request has a `traceparent` header (W3C Trace Context) with the *sampled* flag, the trace ID becomes
//! the exemplar of the bucket in which the duration of the request is counted. OpenMetrics and protobuf show
//! exemplars. Traces without the flag are not used, because tracing backends usually do not store them.
//!
//! [`GatewayMetricsLayer::by_route`] also counts requests by route. [`HttpMetricsLayer`] counts and times requests
//! and streams in the same way, under OpenTelemetry's names, but ignores the four extensions above. If a request
//! ends early, it does not record the status 499 or 500. Instead, `error_type` is `client_closed` or `failed`, and
//! `http_response_status_code` is the status of the response, if there was one. [`MetricsLayer`] lists all options
//! of a layer.
//!
//! # Features
//!
//! `serve` adds `MetricsEndpoint::serve` and `MetricsServer`, which serve the metrics on a separate port. It is
//! disabled by default. In `caracal-metrics`, the feature is `axum-serve`. Without it, the compiler reports that
//! there is no method named `serve`.
//!
//! `live` adds `live_page` and `MetricsEndpoint::live`, which add a page that shows the metrics in a browser. It
//! is disabled by default. In `caracal-metrics`, the feature is `axum-live`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod asked;
mod body;
mod endpoint;
mod exchange;
mod extensions;
mod extras;
pub mod families;
mod future;
mod grpc;
mod layer;
mod method;
mod missing;
mod options;
mod patterns;
mod received;
mod recording;
mod route_name;
mod scrape_metrics;
mod service;
mod shared;
mod trace;
mod upgrade;

pub use body::ResponseBody;
#[cfg(feature = "live")]
pub use endpoint::live_page;
pub use endpoint::{MetricsEndpoint, metrics_endpoint};
#[cfg(feature = "serve")]
pub use endpoint::{MetricsServer, MetricsServerBuilder};
pub use extensions::{AuthFailure, AuthMethod, DegradedMode, ReplayBlock};
pub use future::ResponseFuture;
pub use layer::{GatewayMetricsLayer, HttpMetricsLayer, MetricsLayer};
pub use recording::{Gateway, Http, UNMATCHED_ROUTE};
pub use route_name::{NamedRoute, RouteName};
pub use service::{GatewayMetricsService, HttpMetricsService, MetricsService};
pub use upgrade::{ConnectionMark, OpenConnection};
