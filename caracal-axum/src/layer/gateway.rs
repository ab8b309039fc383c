//! The layer of a gateway.

use std::sync::Arc;

use http::{request, response};

use super::MetricsLayer;
use crate::extensions::AuthMethod;
use crate::recording::{Gateway, gateway_extras};

/// Counts requests, their durations and the requests in flight.
///
/// Add it outside of the layers whose work belongs to a request, such as timeouts, authentication and
/// compression. It counts and times the requests that reach it.
///
/// The clock starts when the service is called. A layer that lets requests wait in `poll_ready` (tower's
/// `ConcurrencyLimit`, `RateLimit` or `Buffer`) hides them from all numbers while they wait. Put tower's
/// `LoadShed` around such a layer, or acquire a permit in a middleware instead.
///
/// [`HttpMetricsLayer`](crate::HttpMetricsLayer) records the same under the names of OpenTelemetry, for
/// services that are not gateways. [`MetricsLayer`] has the options of both layers.
///
/// # After the routes
///
/// `Router::layer` applies to the routes that were added before it, and to no others. Add the routes that you
/// want to count first, then this layer, and then `/metrics`, so that scrapes do not count as requests.
///
/// A layer that is added before the routes counts none of them. The program compiles, and requests are
/// answered, but only requests that match no route are counted, as 404:
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::{Router, routing::get};
/// use caracal_metrics::axum::GatewayMetricsLayer;
/// use caracal_metrics::MetricsRegistry;
/// # use axum::{body::Body, http::Request};
/// # use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::new();
/// let wrong: Router = Router::new()
///     .layer(GatewayMetricsLayer::new(&metrics))
///     .route("/hello", get(async || "hello"));
///
/// # let get = |path: &str| {
/// #     let request = Request::get(path).body(Body::empty()).unwrap();
/// #     let app = wrong.clone();
/// #     async move {
/// #         let body = app.oneshot(request).await.unwrap().into_body();
/// #         axum::body::to_bytes(body, usize::MAX).await.unwrap();
/// #     }
/// # };
/// get("/hello").await;
/// get("/nowhere").await;
/// let requests = |status| metrics.sample(
///     "caracal_gateway_requests_total",
///     &[("method", "GET"), ("status_code", status), ("auth_method", "none")],
/// );
/// assert_eq!((requests("200"), requests("404")), (None, Some(1.0)));
/// # });
/// ```
///
/// # Once
///
/// A request that passes two of these layers counts twice, and is twice in flight. This happens, for example,
/// if a router with the layer is nested in or merged into another router with the layer. Add the layer to the
/// outermost router only. This mistake is not detected at run time, because the layer would have to mark each
/// request as counted, which would make all requests slower.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::{Router, routing::get};
/// use caracal_metrics::axum::GatewayMetricsLayer;
/// use caracal_metrics::MetricsRegistry;
/// # use axum::{body::Body, http::Request};
/// # use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::new();
/// let layer = GatewayMetricsLayer::new(&metrics);
/// let inner: Router = Router::new().route("/hello", get(async || "hello")).layer(layer.clone());
/// let twice: Router = Router::new().nest("/v1", inner).layer(layer);
///
/// # let get = |path: &str| {
/// #     let request = Request::get(path).body(Body::empty()).unwrap();
/// #     async move {
/// #         let body = twice.oneshot(request).await.unwrap().into_body();
/// #         axum::body::to_bytes(body, usize::MAX).await.unwrap();
/// #     }
/// # };
/// get("/v1/hello").await;
/// let labels = [("method", "GET"), ("status_code", "200"), ("auth_method", "none")];
/// assert_eq!(metrics.sample("caracal_gateway_requests_total", &labels), Some(2.0));
/// # });
/// ```
///
/// # An optional layer
///
/// The layer changes the type of the body. To use it with `option_layer`, convert the body back to axum's
/// type:
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::middleware::ResponseAxumBodyLayer;
/// use axum::{Router, routing::get};
/// use caracal_metrics::axum::GatewayMetricsLayer;
/// use caracal_metrics::MetricsRegistry;
/// use tower::util::option_layer;
/// # use axum::{body::Body, http::Request};
/// # use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let app = |on: bool, metrics: &MetricsRegistry| -> Router {
///     let layer = GatewayMetricsLayer::new(metrics);
///     Router::new()
///         .route("/hello", get(async || "hello"))
///         .layer(option_layer(on.then(|| (ResponseAxumBodyLayer, layer))))
/// };
/// # for (on, counted) in [(true, Some(1.0)), (false, None)] {
/// #     let metrics = MetricsRegistry::new();
/// #     let request = Request::get("/hello").body(Body::empty()).unwrap();
/// #     let body = app(on, &metrics).oneshot(request).await.unwrap().into_body();
/// #     axum::body::to_bytes(body, usize::MAX).await.unwrap();
/// #     let labels = [("method", "GET"), ("status_code", "200"), ("auth_method", "none")];
/// #     assert_eq!(metrics.sample("caracal_gateway_requests_total", &labels), counted);
/// # }
/// # });
/// ```
///
/// # In tests
///
/// A request ends with the last byte of its response. If a test checks the status and drops the response,
/// this looks like a client that disconnects, and the request counts as 499. Read the body to its end.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::body::{Body, to_bytes};
/// use axum::{Router, http::Request, routing::get};
/// use caracal_metrics::axum::GatewayMetricsLayer;
/// use caracal_metrics::MetricsRegistry;
/// use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::new();
/// let app: Router = Router::new()
///     .route("/hello", get(async || "hello"))
///     .layer(GatewayMetricsLayer::new(&metrics));
/// let hello = || Request::get("/hello").body(Body::empty()).unwrap();
/// let requests = |status| metrics.sample(
///     "caracal_gateway_requests_total",
///     &[("method", "GET"), ("status_code", status), ("auth_method", "none")],
/// );
///
/// // Wrong: the body is not read.
/// let response = app.clone().oneshot(hello()).await.unwrap();
/// assert_eq!(response.status(), 200);
/// drop(response);
/// assert_eq!((requests("200"), requests("499")), (None, Some(1.0)));
///
/// // Right.
/// let response = app.oneshot(hello()).await.unwrap();
/// assert_eq!(response.status(), 200);
/// assert_eq!(to_bytes(response.into_body(), 1024).await.unwrap(), "hello");
/// assert_eq!(requests("200"), Some(1.0));
/// # });
/// ```
pub type GatewayMetricsLayer = MetricsLayer<Gateway>;

impl GatewayMetricsLayer {
    /// Also counts requests by route, in `caracal_gateway_route_requests_total` and
    /// `caracal_gateway_route_request_duration_seconds`.
    ///
    /// The route is the pattern that axum matched (`/agents/{id}`), and never the path of the request. If no
    /// route matched, it is [`UNMATCHED_ROUTE`](crate::UNMATCHED_ROUTE). Add the layer with `Router::layer`
    /// or `Router::route_layer`.
    ///
    /// Requests to a `nest_service` or a `fallback_service` count as unmatched, because axum does not report
    /// what it matched there. Name such a service with [`RouteName`](crate::RouteName) or
    /// [`group`](Self::group). If the service is a `Router`, you can also add the layer to it, or use `nest`.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, routing::get};
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let app: Router = Router::new()
    ///     .route("/agents/{id}", get(async || "agent"))
    ///     .layer(GatewayMetricsLayer::new(&MetricsRegistry::new()).by_route());
    /// ```
    ///
    /// # Panics
    ///
    /// Applying the layer to a service panics if one of your families in the registry has one of the two
    /// names.
    pub fn by_route(self) -> Self {
        self.with(|made| made.asked.by_route = Some(gateway_extras::by_route))
    }

    /// Determines the `auth_method` of responses that have no [`AuthMethod`].
    ///
    /// Use this if your authentication can't set the extension, but leaves a trace in the response: an
    /// extension of its own type, a header or a status. The response shows what was verified. For what a
    /// request merely claims, use [`classify_auth_method_by_request`](Self::classify_auth_method_by_request).
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// # #[derive(Clone)] struct Claims;
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .classify_auth_method(|response| response.extensions.get::<Claims>().map(|_| "jwt"));
    /// ```
    pub fn classify_auth_method<F, M>(self, classify: F) -> Self
    where
        F: Fn(&response::Parts) -> Option<M> + Send + Sync + 'static,
        M: Into<AuthMethod>,
    {
        let classify = move |response: &response::Parts| classify(response).map(Into::into);
        self.with(|made| made.settings.by_response = Some(Arc::new(classify)))
    }

    /// Determines the `auth_method` of requests whose response does not report it.
    ///
    /// The closure is called before the service. Its result therefore also applies to requests without a
    /// response, for example because the client disconnected (499) or the service panicked (500). It knows
    /// only what the request claims, so a method from the response takes precedence.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::http::header::AUTHORIZATION;
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .classify_auth_method_by_request(|request| {
    ///         let authorization = request.headers.get(AUTHORIZATION)?.as_bytes();
    ///         authorization.starts_with(b"Bearer ").then_some("jwt")
    ///     });
    /// ```
    pub fn classify_auth_method_by_request<F, M>(self, classify: F) -> Self
    where
        F: Fn(&request::Parts) -> Option<M> + Send + Sync + 'static,
        M: Into<AuthMethod>,
    {
        let classify = move |request: &request::Parts| classify(request).map(Into::into);
        self.with(|made| made.settings.by_request = Some(Arc::new(classify)))
    }
}
