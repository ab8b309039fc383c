//! The layer of any HTTP service.

use super::MetricsLayer;
use crate::families::UrlScheme;
use crate::recording::Http;

/// Counts requests under the names of OpenTelemetry's semantic conventions for HTTP, as Prometheus
/// writes them.
///
/// For services that are not gateways: neither a namespace nor the name of this library comes before the
/// names, so dashboards and alerts for the conventions work as they are. Requests are counted as
/// [`GatewayMetricsLayer`](crate::GatewayMetricsLayer) counts them, whose notes on where to put the
/// layer apply.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use caracal_metrics::axum::{HttpMetricsLayer, metrics_endpoint};
/// use caracal_metrics::MetricsRegistry;
/// # use http_body_util::BodyExt;
/// # use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build().unwrap();
/// let app: Router = Router::new()
///     .route("/orders/{id}", get(async || "an order"))
///     .layer(HttpMetricsLayer::new(&metrics))
///     // After the layer, which counts the requests to the routes before it.
///     .route("/metrics", metrics_endpoint(&metrics));
///
/// # let app = &app;
/// # let get = |path: &str| {
/// #     let request = Request::get(path).body(Body::empty()).unwrap();
/// #     async move {
/// #         let body = app.clone().oneshot(request).await.unwrap().into_body();
/// #         String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
/// #     }
/// # };
/// # get("/metrics").await;
/// get("/orders/4711").await;
/// let labels = [
///     ("http_request_method", "GET"),
///     ("http_response_status_code", "200"),
///     ("http_route", "/orders/{id}"),
///     ("url_scheme", "http"),
/// ];
/// let requests = metrics.sample("http_server_request_duration_seconds_count", &labels);
/// assert_eq!(requests, Some(1.0));
/// assert!(!get("/metrics").await.contains("caracal"));
/// # assert_eq!(get("/metrics").await.matches("http_server_request_duration_seconds_count{").count(), 1);
/// # });
/// ```
///
/// # What is recorded
///
/// This is version 1.44.0 of the conventions, in which `http.server.request.duration` and its
/// attributes are stable; the other metrics are in development there, and may change.
///
/// `http_server_request_duration_seconds`, a histogram with the buckets that the conventions
/// recommend, has the labels
///
/// | label | value |
/// |---|---|
/// | `http_request_method` | one of the nine standard methods, `QUERY`, or `_OTHER` |
/// | `http_response_status_code` | the response's. A request that ended before the head of a response has no such label |
/// | `http_route` | the pattern that axum matched. A request that matched none has no such label |
/// | `url_scheme` | `http` or `https`: what a proxy says in `X-Forwarded-Proto`, else what the URI says (in HTTP/2), else `http` or what [`https`](Self::https) sets |
/// | `error_type` | the status code if it is 500 to 599, `client_closed` if the client went away before the end of the response, `failed` if the service or the body panicked or failed. A request without an error has no such label |
///
/// So the ratio of server errors is that of the requests whose `error_type` matches `failed|5..`.
///
/// `http_server_active_requests` has the labels `http_request_method` and `url_scheme`.
///
/// The attributes `network.protocol.name` and `network.protocol.version`, which the conventions
/// recommend, and those that are opt-in there (`server.address`, `server.port`,
/// `user_agent.synthetic.type`) are not recorded: each of them multiplies the series.
pub type HttpMetricsLayer = MetricsLayer<Http>;

impl HttpMetricsLayer {
    /// The scheme of requests that do not say theirs is `https`, and not `http`: for a server that
    /// speaks TLS itself. A request over HTTP/1 says no scheme.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::HttpMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let layer = HttpMetricsLayer::new(&MetricsRegistry::new()).https();
    /// ```
    pub fn https(self) -> Self {
        self.with(|made| made.settings.scheme = UrlScheme::Https)
    }
}
