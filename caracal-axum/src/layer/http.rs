//! The layer of any HTTP service.

use super::MetricsLayer;
use crate::families::UrlScheme;
use crate::recording::Http;

/// Counts requests under the names of OpenTelemetry's semantic conventions for HTTP, as they are written in
/// Prometheus.
///
/// Use it for services that are not gateways. The names have no prefix, neither the namespace nor the name of
/// this library, so dashboards and alerts for the conventions work unchanged. It counts requests in the same
/// way as [`GatewayMetricsLayer`](crate::GatewayMetricsLayer). The notes there on where to add the layer
/// apply here too.
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
///     // Add this route after the layer. The layer then does not count scrapes.
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
/// The layer implements version 1.44.0 of the conventions. In this version, `http.server.request.duration`
/// and its attributes are stable. The other metrics are in development and may change.
///
/// `http_server_request_duration_seconds` is a histogram with the buckets that the conventions recommend. It
/// has these labels:
///
/// | label | value |
/// |---|---|
/// | `http_request_method` | one of the nine standard methods, `QUERY`, or `_OTHER` |
/// | `http_response_status_code` | the status of the response; a request that ended before the head of a response does not have this label |
/// | `http_route` | the pattern that axum matched; a request that matched none does not have this label |
/// | `url_scheme` | `http` or `https`: the value of a proxy's `X-Forwarded-Proto`, else the scheme of the URI (in HTTP/2), else `http` or what [`https`](Self::https) sets |
/// | `error_type` | the status code if it is 500 to 599, `client_closed` if the client disconnected before the end of the response, `failed` if the service or the body panicked or failed; a request without an error does not have this label |
///
/// The ratio of server errors is therefore the ratio of requests whose `error_type` matches `failed|5..`.
///
/// `http_server_active_requests` has the labels `http_request_method` and `url_scheme`.
///
/// The attributes `network.protocol.name` and `network.protocol.version`, which the conventions recommend,
/// and the opt-in attributes (`server.address`, `server.port`, `user_agent.synthetic.type`) are not recorded,
/// because each of them multiplies the number of series.
pub type HttpMetricsLayer = MetricsLayer<Http>;

impl HttpMetricsLayer {
    /// Sets the scheme of requests that do not report it to `https` instead of `http`. Use it if your server
    /// terminates TLS itself. A request over HTTP/1 does not report its scheme.
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
