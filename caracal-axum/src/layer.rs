//! The layer and its settings.

use std::fmt;
use std::sync::Arc;

use caracal_metrics_core::MetricsRegistry;
use http::{request, response};
use tower_layer::Layer;

use crate::extensions::AuthMethod;
use crate::service::GatewayMetricsService;

type ByRequest = dyn Fn(&request::Parts) -> Option<AuthMethod> + Send + Sync;
type ByResponse = dyn Fn(&response::Parts) -> Option<AuthMethod> + Send + Sync;

/// The `route` of requests that no route matched, and of all requests where the layer stands around
/// the `Router` and not on it: the router says what matched only to what it calls. No route of
/// axum's has this name, since theirs start with a slash.
pub const UNMATCHED_ROUTE: &str = "unmatched";

/// What all services made by one layer share.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) metrics: MetricsRegistry,
    pub(crate) by_request: Option<Arc<ByRequest>>,
    pub(crate) by_response: Option<Arc<ByResponse>>,
    pub(crate) by_route: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("metrics", &self.metrics)
            .field("classifies_by_request", &self.by_request.is_some())
            .field("classifies_by_response", &self.by_response.is_some())
            .field("by_route", &self.by_route)
            .finish()
    }
}

/// Counts requests, their durations and the ones in flight.
///
/// Put it on once, outside of the layers whose work belongs to a request (timeouts,
/// authentication, compression): what it sees is what is counted. On two nested routers it counts
/// twice.
///
/// The clock starts when the service is called. A layer that has requests wait for that in
/// `poll_ready` (tower's `ConcurrencyLimit`, `RateLimit`, `Buffer`) keeps them out of every number
/// while they wait: put tower's `LoadShed` around it, or take a permit in a middleware instead.
///
/// Routes that axum's `Router` gets after `.layer(..)` are not counted: add `/metrics` there to
/// keep the scrapes out of the request rate and the gauge.
#[derive(Clone, Debug)]
#[must_use = "a layer counts nothing until it is put around a service"]
pub struct GatewayMetricsLayer {
    settings: Arc<Settings>,
}

impl GatewayMetricsLayer {
    /// A layer that records into this registry.
    pub fn new(metrics: &MetricsRegistry) -> Self {
        Self {
            settings: Arc::new(Settings {
                metrics: metrics.clone(),
                by_request: None,
                by_response: None,
                by_route: false,
            }),
        }
    }

    /// Counts requests by route as well, in `caracal_gateway_route_requests_total` and
    /// `caracal_gateway_route_request_duration_seconds`.
    ///
    /// The route is the pattern that axum matched (`/agents/{id}`), never the path that was asked
    /// for, and [`UNMATCHED_ROUTE`] where none did. Put the layer on with `Router::layer` or
    /// `Router::route_layer`. What lies below a `nest_service` counts as unmatched, since axum does
    /// not say what it matched there: where that is a `Router`, put the layer on it, or use `nest`.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use caracal_axum::GatewayMetricsLayer;
    /// use caracal_metrics_core::MetricsRegistry;
    ///
    /// let app: Router = Router::new()
    ///     .route("/agents/{id}", get(async || "agent"))
    ///     .layer(GatewayMetricsLayer::new(&MetricsRegistry::new()).by_route());
    /// ```
    pub fn by_route(mut self) -> Self {
        Arc::make_mut(&mut self.settings).by_route = true;
        self
    }

    /// Names the `auth_method` of responses that carry no [`AuthMethod`].
    ///
    /// For authentication that can't be taught to set the extension, but leaves a trace in the
    /// response: an extension of its own type, a header, a status. The response is where what was
    /// verified is known; what a request merely claims is for
    /// [`classify_auth_method_by_request`](Self::classify_auth_method_by_request).
    ///
    /// ```
    /// use caracal_axum::GatewayMetricsLayer;
    /// use caracal_metrics_core::MetricsRegistry;
    ///
    /// # #[derive(Clone)] struct Claims;
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .classify_auth_method(|response| response.extensions.get::<Claims>().map(|_| "jwt"));
    /// ```
    pub fn classify_auth_method<F, M>(mut self, classify: F) -> Self
    where
        F: Fn(&response::Parts) -> Option<M> + Send + Sync + 'static,
        M: Into<AuthMethod>,
    {
        let classify = move |response: &response::Parts| classify(response).map(Into::into);
        Arc::make_mut(&mut self.settings).by_response = Some(Arc::new(classify));
        self
    }

    /// Names the `auth_method` of requests whose response says nothing about it.
    ///
    /// It is asked before the service is called, so its answer also stands for requests that never
    /// got a response: a client that went away (499), a panic (500). It can only know what the
    /// request claims, which is why what the response says goes first.
    ///
    /// ```
    /// use axum::http::header::AUTHORIZATION;
    /// use caracal_axum::GatewayMetricsLayer;
    /// use caracal_metrics_core::MetricsRegistry;
    ///
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .classify_auth_method_by_request(|request| {
    ///         let authorization = request.headers.get(AUTHORIZATION)?.as_bytes();
    ///         authorization.starts_with(b"Bearer ").then_some("jwt")
    ///     });
    /// ```
    pub fn classify_auth_method_by_request<F, M>(mut self, classify: F) -> Self
    where
        F: Fn(&request::Parts) -> Option<M> + Send + Sync + 'static,
        M: Into<AuthMethod>,
    {
        let classify = move |request: &request::Parts| classify(request).map(Into::into);
        Arc::make_mut(&mut self.settings).by_request = Some(Arc::new(classify));
        self
    }
}

impl<S> Layer<S> for GatewayMetricsLayer {
    type Service = GatewayMetricsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GatewayMetricsService::new(inner, Arc::clone(&self.settings))
    }
}
