//! The families of the gateway.

use std::fmt;
use std::sync::Arc;

use ::http::Extensions;
use ::http::request::Parts as RequestParts;
use ::http::response::Parts as ResponseParts;
use caracal_metrics_core::{FamilyError, GaugeGuard, MetricsRegistry};

use super::by_route::{ByRoute, RouteMetrics};
use super::{Arrival, End, Ended, Recording};
use crate::extensions::{AuthFailure, AuthMethod, DegradedMode, ReplayBlock};

/// What nginx calls a request whose client closed the connection first.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The `auth_method` of a request about which nobody said anything.
const NO_AUTH_METHOD: &str = "none";

/// The `route` of requests that no route matched, and of all requests where the layer stands around
/// the `Router` and not on it: the router says what matched only to what it calls. No route of
/// axum's has this name, since theirs start with a slash.
pub const UNMATCHED_ROUTE: &str = "unmatched";

type ByRequest = dyn Fn(&RequestParts) -> Option<AuthMethod> + Send + Sync;
type ByResponse = dyn Fn(&ResponseParts) -> Option<AuthMethod> + Send + Sync;

/// What makes the metrics by route. A program that does not ask for them has none of their code.
type MakeByRoute = fn(&MetricsRegistry) -> Result<Box<dyn ByRoute>, FamilyError>;

/// What the methods of [`GatewayMetricsLayer`](crate::GatewayMetricsLayer) set.
#[derive(Clone, Default)]
pub struct GatewaySettings {
    pub(crate) by_request: Option<Arc<ByRequest>>,
    pub(crate) by_response: Option<Arc<ByResponse>>,
    pub(crate) by_route: Option<MakeByRoute>,
}

impl GatewaySettings {
    pub(crate) fn count_by_route(&mut self) {
        self.by_route = Some(|metrics| Ok(Box::new(RouteMetrics::new(metrics)?)));
    }
}

impl fmt::Debug for GatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySettings")
            .field("classifies_by_request", &self.by_request.is_some())
            .field("classifies_by_response", &self.by_response.is_some())
            .field("by_route", &self.by_route.is_some())
            .finish()
    }
}

/// Records the families of the gateway.
#[derive(Debug)]
pub struct Gateway {
    metrics: MetricsRegistry,
    settings: GatewaySettings,
    by_route: Option<Box<dyn ByRoute>>,
}

impl Recording for Gateway {
    type Settings = GatewaySettings;
    type Kept = Option<AuthMethod>;

    fn new(metrics: &MetricsRegistry, settings: &GatewaySettings) -> Result<Self, FamilyError> {
        let by_route = settings.by_route.map(|make| make(metrics)).transpose()?;
        Ok(Self { metrics: metrics.clone(), settings: settings.clone(), by_route })
    }

    #[inline]
    fn by_route(&self) -> bool {
        self.by_route.is_some()
    }

    #[inline]
    fn arrived(&self, _: Arrival<'_>) -> (Self::Kept, GaugeGuard) {
        (None, self.metrics.track_gateway_request_in_flight())
    }

    #[inline]
    fn reads_requests(&self) -> bool {
        self.settings.by_request.is_some()
    }

    fn read_request(&self, auth_method: &mut Self::Kept, request: &RequestParts) {
        if let Some(classify) = &self.settings.by_request {
            *auth_method = classify(request);
        }
    }

    #[inline]
    fn read_extensions(&self, auth_method: &mut Self::Kept, said: &Extensions) -> bool {
        let says_auth_method = !said.is_empty() && self.read_said(auth_method, said);
        self.settings.by_response.is_some() && !says_auth_method
    }

    fn read_response(&self, auth_method: &mut Self::Kept, response: &ResponseParts) {
        let classify = self.settings.by_response.as_ref();
        if let Some(classified) = classify.and_then(|classify| classify(response)) {
            *auth_method = Some(classified);
        }
    }

    #[inline]
    fn record(&self, auth_method: &Self::Kept, ended: &Ended<'_>) {
        let status = match (ended.end, ended.status) {
            (End::Answered, Some(status)) => status,
            (End::ClientClosed, _) => CLIENT_CLOSED_REQUEST,
            (End::Answered | End::Failed, _) => 500,
        };
        let auth_method = match auth_method {
            Some(AuthMethod(auth_method)) => auth_method,
            None => NO_AUTH_METHOD,
        };
        let (method, duration) = (ended.method.gateway_label(), ended.duration);
        match ended.exemplar {
            Some(exemplar) => self.metrics.record_gateway_request_with_exemplar(
                method,
                status,
                auth_method,
                duration,
                exemplar,
            ),
            None => self.metrics.record_gateway_request(method, status, auth_method, duration),
        }
        if let Some(by_route) = &self.by_route {
            let route = ended.route.unwrap_or(UNMATCHED_ROUTE);
            by_route.record(route, method, status, duration);
        }
    }
}

impl Gateway {
    /// Records what a response says about its request, at once: it stays true when the body is
    /// aborted. Says whether the `auth_method` was among it.
    fn read_said(&self, auth_method: &mut Option<AuthMethod>, said: &Extensions) -> bool {
        if let Some(failure) = said.get::<AuthFailure>() {
            self.metrics.record_auth_failure(&failure.method, &failure.reason);
        }
        if let Some(block) = said.get::<ReplayBlock>() {
            self.metrics.record_replay_block(&block.reason);
        }
        if said.get::<DegradedMode>().is_some() {
            self.metrics.record_degraded_mode_request();
        }
        let said = said.get::<AuthMethod>();
        if let Some(said) = said {
            *auth_method = Some(said.clone());
        }
        said.is_some()
    }
}
