//! A name for the route of a service for which axum has no pattern.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::extras::RouteSlot;
use crate::recording::UNMATCHED_ROUTE;

/// Names the route of a service that is mounted with `nest_service` or `fallback_service`. axum does not
/// report a pattern for such a service.
///
/// The layer that counts by route counts requests to the service under this name. Requests that the service
/// answers with 404 still count as unmatched, because they are usually those of scanners. If you can't put a
/// layer on the service, name the paths with [`MetricsLayer::group`](crate::MetricsLayer::group).
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::{Router, http::Request, routing::get};
/// use caracal_metrics::axum::{GatewayMetricsLayer, RouteName};
/// use caracal_metrics::MetricsRegistry;
/// use tower::{Layer, ServiceExt};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::new();
/// // For example, a `ServeDir`.
/// let assets = Router::new().route("/style.css", get(async || "body {}"));
/// let app: Router = Router::new()
///     .nest_service("/assets", RouteName::new("assets").layer(assets))
///     .layer(GatewayMetricsLayer::new(&metrics).by_route());
///
/// for path in ["/assets/style.css", "/assets/wp-admin.php", "/wp-admin.php"] {
///     let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
///     let response = app.clone().oneshot(request).await.unwrap();
///     axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
/// }
/// let requests = |route, status_class| metrics.sample(
///     "caracal_gateway_route_requests_total",
///     &[("route", route), ("method", "GET"), ("status_class", status_class)],
/// );
/// assert_eq!(requests("assets", "2xx"), Some(1.0));
/// assert_eq!(requests("unmatched", "4xx"), Some(2.0));
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a name has no effect until it is applied to a service"]
pub struct RouteName(&'static str);

impl RouteName {
    /// Creates a layer that names the route of the service inside of it.
    ///
    /// # Panics
    ///
    /// Panics if the name is empty or `unmatched`.
    pub fn new(name: &'static str) -> Self {
        assert_is_name("RouteName::new", name);
        RouteSlot::begin();
        Self(name)
    }
}

/// # Panics
///
/// Panics if the name is not valid for a route.
pub(crate) fn assert_is_name(function: &str, name: &str) {
    assert!(
        !name.is_empty() && name != UNMATCHED_ROUTE,
        "`{function}` was called with the name {name:?}, which is empty or reserved for requests \
         that no route matched: choose another name",
    );
}

impl<S> Layer<S> for RouteName {
    type Service = NamedRoute<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NamedRoute { inner, name: self.0 }
    }
}

/// The service that [`RouteName`] creates.
#[derive(Clone, Debug)]
pub struct NamedRoute<S> {
    inner: S,
    name: &'static str,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for NamedRoute<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(slot) = request.extensions().get::<RouteSlot>() {
            slot.name(self.name);
        }
        self.inner.call(request)
    }
}
