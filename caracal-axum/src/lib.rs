//! A `/metrics` endpoint and a request-metrics layer for axum.
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
//!     // After the layer, which counts the requests to the routes before it.
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
//! # What a request counts as
//!
//! A request lasts from the call of the service to the end of its response's body. It is in flight
//! for that time and counted once at its end, whatever that is:
//!
//! | end | status |
//! |---|---|
//! | the last frame of the body was handed to the server | the response's |
//! | the response was dropped before its last frame: the client went away, a timeout outside of the layer ran out, the server shut down | 499 |
//! | the service or the body panicked or failed, or the body fell short of its announced length | 500 |
//! | the response is a 1xx other than 101, in whose place hyper sends a 500 | 500 |
//!
//! A *stream* is counted as a request when its head comes, with the time until then, and as an open
//! stream from then on: a 2xx response of type `text/event-stream` whose length is not known, and what
//! [`MetricsLayer::streams`] names. It ends as `completed` (it was sent to its end), `client` (the client
//! went away, or the server shut down) or `error` (the body failed or panicked). The families are
//! `caracal_gateway_streams_open` and `caracal_gateway_stream_duration_seconds`, or for a
//! [`HttpMetricsLayer`] `http_server_streams_open` and `http_server_stream_duration_seconds`, with the
//! route where the layer knows it. An upgraded connection, such as a WebSocket's, counts as an open stream
//! where the service says how long it lives, with [`OpenConnection`]. Its request ends with its head.
//!
//! A response that has no body (to HEAD, 1xx, 204, 304, 2xx to CONNECT) ends with its head: an
//! upgraded connection is no longer a request. A layer outside of this one that drops a body to
//! send another one looks like a client that went away, and so does a head that hyper refuses to send
//! (one with both `Transfer-Encoding` and `Content-Length`, say). A response body that passes on the
//! request's own fails with it where the client leaves before its upload has ended.
//!
//! What the service knows of a request beyond its status, it says in response extensions:
//! [`AuthMethod`], [`AuthFailure`], [`ReplayBlock`] and [`DegradedMode`]. They are recorded when
//! the response's head comes, so an aborted body loses none of them. Where the authentication
//! can't set them, [`GatewayMetricsLayer::classify_auth_method`] reads other traces of it.
//!
//! A request with a `traceparent` header (W3C Trace Context) whose *sampled* flag is set leaves its
//! trace id as an exemplar at its bucket of the duration histogram. OpenMetrics and protobuf show
//! exemplars. A trace that is not sampled leaves none, since no tracing backend stores it.
//! [`GatewayMetricsLayer::by_route`] counts requests by route as well, and [`MetricsLayer`] lists what
//! else a layer can be asked for. [`HttpMetricsLayer`] records the same under the names of OpenTelemetry.
//!
//! # Features
//!
//! `serve` adds `MetricsEndpoint::serve` and `MetricsServer`, for metrics on a port of their own. It is
//! off by default, and `axum-serve` turns it on in `caracal-metrics`. Without it the compiler says that
//! there is no method named `serve`.
//!
//! `live` adds `live_page` and `MetricsEndpoint::live`, a page that shows the metrics in a browser. It is
//! off by default, and `axum-live` turns it on in `caracal-metrics`.

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
