//! The families of the gateway.

use std::fmt;
use std::sync::Arc;

use ::http::Extensions;
use ::http::request::Parts as RequestParts;
use ::http::response::Parts as ResponseParts;
use caracal_metrics_core::catalogue::{
    GATEWAY_REQUEST_DURATION, GATEWAY_REQUESTS, GATEWAY_REQUESTS_IN_FLIGHT, GatewayRequest,
    GatewayRequestTime,
};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilyError, Gauge, GaugeGuard, Method, Metric,
    MetricsRegistry, StatusCode,
};

use super::streams::GatewayStreams;
use super::{Arrival, End, Ended, RecordOf, Recording, Streams, gateway_extras};
use crate::extensions::{AuthFailure, AuthMethod, DegradedMode, ReplayBlock};
use crate::families::{GATEWAY_GRPC_REQUESTS, GrpcRequest, RequestMethod};

/// The status code that nginx uses if the client closed the connection before the response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The `auth_method` of a request whose method is unknown.
const NO_AUTH_METHOD: &str = "none";

/// The `route` of requests that no route matched. If the layer is around the `Router` and not added to it,
/// all requests have this route, because the router reports the matched route only to the services that it
/// calls. No route of axum has this name, because they start with a slash.
pub const UNMATCHED_ROUTE: &str = "unmatched";

type ByRequest = dyn Fn(&RequestParts) -> Option<AuthMethod> + Send + Sync;
type ByResponse = dyn Fn(&ResponseParts) -> Option<AuthMethod> + Send + Sync;

/// The settings of the methods of [`GatewayMetricsLayer`](crate::GatewayMetricsLayer).
#[derive(Clone, Default)]
pub struct GatewaySettings {
    pub(crate) by_request: Option<Arc<ByRequest>>,
    pub(crate) by_response: Option<Arc<ByResponse>>,
}

impl fmt::Debug for GatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySettings")
            .field("classifies_by_request", &self.by_request.is_some())
            .field("classifies_by_response", &self.by_response.is_some())
            .finish()
    }
}

/// Records the families of the gateway.
#[derive(Debug)]
pub struct Gateway {
    metrics: MetricsRegistry,
    // Looked up once, and not for each request.
    requests: Metric<Counter, GatewayRequest<'static>>,
    duration: Metric<DurationHistogram, GatewayRequestTime>,
    in_flight: Gauge,
    methods: Methods,
    settings: GatewaySettings,
}

impl Recording for Gateway {
    type Settings = GatewaySettings;
    type Kept = Option<AuthMethod>;

    const BY_ROUTE: bool = false;

    fn new(
        metrics: &MetricsRegistry,
        settings: &GatewaySettings,
        _: bool,
    ) -> Result<Self, FamilyError> {
        Ok(Self {
            metrics: metrics.clone(),
            requests: metrics.family(&GATEWAY_REQUESTS)?,
            duration: metrics.family(&GATEWAY_REQUEST_DURATION)?,
            in_flight: metrics.family(&GATEWAY_REQUESTS_IN_FLIGHT)?,
            methods: Methods::new(),
            settings: settings.clone(),
        })
    }

    fn labelled(
        metrics: &MetricsRegistry,
        names: &[&'static str],
    ) -> Result<RecordOf<Self>, FamilyError> {
        gateway_extras::labelled(metrics, names)
    }

    fn sizes(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError> {
        gateway_extras::sizes(metrics)
    }

    fn first_byte(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError> {
        gateway_extras::first_byte(metrics)
    }

    fn grpc_requests() -> &'static Family<Counter, GrpcRequest<'static>> {
        &GATEWAY_GRPC_REQUESTS
    }

    fn streams(metrics: &MetricsRegistry) -> Result<Box<dyn Streams>, FamilyError> {
        Ok(Box::new(GatewayStreams::new(metrics)?))
    }

    #[inline]
    fn arrived(&self, _: Arrival<'_>) -> (Self::Kept, GaugeGuard) {
        (None, self.in_flight.track())
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

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "facts that are not read are not computed")]
    fn record(&self, auth_method: &Self::Kept, ended: &Ended<'_>) {
        let auth_method = match auth_method {
            Some(AuthMethod(auth_method)) => auth_method,
            None => NO_AUTH_METHOD,
        };
        let method = self.methods.of(ended.method);
        let status_code = StatusCode::new(status(ended));
        // Not `inc_and_observe`: the histogram has no open label, so its cell is found at once. The pair
        // would only add code to each place into which this is inlined.
        self.requests.inc(GatewayRequest { method, status_code, auth_method });
        let labels = GatewayRequestTime { method, status_code };
        match ended.exemplar {
            Some(exemplar) => {
                self.duration.observe_with_exemplar(labels, ended.duration, exemplar);
            }
            None => self.duration.observe(labels, ended.duration),
        }
    }
}

/// The values of the label `method`. They are looked up once, and not for each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Methods([Method; RequestMethod::ALL.len()]);

impl Methods {
    pub(super) fn new() -> Self {
        let mut of = RequestMethod::ALL.iter();
        let other = Method::new(RequestMethod::Other.gateway_label());
        Self(
            [other; _]
                .map(|other| of.next().map_or(other, |method| Method::new(method.gateway_label()))),
        )
    }

    #[inline]
    pub(super) fn of(&self, method: RequestMethod) -> Method {
        self.0[method as usize]
    }
}

/// Returns the status code under which a request is counted.
#[inline]
pub(super) fn status(ended: &Ended<'_>) -> u16 {
    match (ended.end, ended.status) {
        (End::Answered, Some(status)) => status,
        (End::ClientClosed, _) => CLIENT_CLOSED_REQUEST,
        (End::Answered | End::Failed, _) => 500,
    }
}

impl Gateway {
    /// Records what a response reports about its request. This is done at once, because it remains true if
    /// the body is aborted. Returns whether the response contained the `auth_method`.
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
