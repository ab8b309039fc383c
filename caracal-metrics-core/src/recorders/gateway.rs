//! Requests to the gateway.

use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Metric;
use crate::core::{Core, Series, Tracked};
use crate::exemplar::Exemplar;
use crate::labels::{
    STATUS_CLASSES, UNKNOWN_STATUS_CLASS, UNKNOWN_STATUS_CODE, method_index, status_class_index,
    status_code_index,
};
use crate::registry::MetricsRegistry;
use crate::series::{Labels, NO_LABELS};

/// The closed part of a request's labels, method before status code.
#[inline]
fn request_labels(core: &Core, method: &str, status_code: u16) -> u32 {
    let status = status_code_index(status_code).unwrap_or_else(|| {
        core.count_invalid(Metric::GatewayRequests);
        UNKNOWN_STATUS_CODE
    });
    method_index(method) * (UNKNOWN_STATUS_CODE + 1) + status
}

impl MetricsRegistry {
    /// Counts a request and its duration.
    ///
    /// A method other than the nine standard ones counts as `OTHER`, a status code outside 100 to
    /// 999 as `unknown` (and in `caracal_metrics_invalid_values_total`).
    #[inline]
    pub fn record_gateway_request(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
        duration: Duration,
    ) {
        let core = self.core();
        let closed = request_labels(core, method, status_code);
        let labels = Labels { closed, open: [auth_method] };
        core.count(Metric::GatewayRequests, labels);
        let labels = Labels { closed, open: [] };
        core.time(Metric::GatewayRequestDuration, labels, duration);
    }

    /// Counts a request and its duration, which the exemplar is an example of; otherwise as
    /// [`record_gateway_request`](Self::record_gateway_request).
    pub fn record_gateway_request_with_exemplar(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        let core = self.core();
        let closed = request_labels(core, method, status_code);
        let labels = Labels { closed, open: [auth_method] };
        core.count(Metric::GatewayRequests, labels);
        let labels = Labels { closed, open: [] };
        let series = core.series(Metric::GatewayRequestDuration, labels);
        core.observe_with_exemplar(series, duration, exemplar);
    }

    /// The handle of requests with these labels.
    #[must_use]
    pub fn gateway_request(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
    ) -> GatewayRequestMetrics {
        let core = self.core();
        let closed = request_labels(core, method, status_code);
        GatewayRequestMetrics {
            requests: core.series(Metric::GatewayRequests, Labels { closed, open: [auth_method] }),
            duration: core.series(Metric::GatewayRequestDuration, Labels { closed, open: [] }),
            core: Arc::clone(core),
        }
    }

    /// Counts a request and its duration by the route that it took, beside what
    /// [`record_gateway_request`](Self::record_gateway_request) counts.
    ///
    /// The route is the pattern that matched (`/agents/{id}`), never the path that was asked for:
    /// that one has as many values as clients like. A status code outside 100 to 599 counts as
    /// `unknown` (and in `caracal_metrics_invalid_values_total`).
    #[inline]
    pub fn record_gateway_route_request(
        &self,
        route: &str,
        method: &str,
        status_code: u16,
        duration: Duration,
    ) {
        let core = self.core();
        let class = status_class_index(status_code).unwrap_or_else(|| {
            core.count_invalid(Metric::GatewayRouteRequests);
            UNKNOWN_STATUS_CLASS
        });
        let method = method_index(method);
        let closed = method * STATUS_CLASSES.len() as u32 + class;
        let labels = Labels { closed, open: [route] };
        core.count(Metric::GatewayRouteRequests, labels);
        let labels = Labels { closed: method, open: [route] };
        core.time(Metric::GatewayRouteRequestDuration, labels, duration);
    }

    /// Counts a request as in flight until the guard is dropped: by the end of the scope, an early
    /// `?`, a panic, or a cancelled future that held it. The guard may be dropped on another thread.
    ///
    /// A page with nothing in flight has everything that was recorded before the guards were dropped.
    /// So record the request first, and drop the guard afterwards.
    ///
    /// The number on a page is one that was true at a moment of the scrape. If requests end while it
    /// is being read, it may be off by half as many as end in those microseconds. It is zero only if
    /// every request that was in flight when the scrape began has ended.
    #[inline]
    pub fn track_gateway_request_in_flight(&self) -> InFlightGuard {
        InFlightGuard(self.core().track(Metric::GatewayRequestsInFlight))
    }

    /// Counts a failed authentication.
    #[inline]
    pub fn record_auth_failure(&self, auth_method: &str, reason: &str) {
        let labels = Labels { closed: 0, open: [auth_method, reason] };
        let core = self.core();
        core.count(Metric::GatewayAuthFailures, labels);
    }

    /// The handle of authentication failures with these labels.
    #[must_use]
    pub fn auth_failure(&self, auth_method: &str, reason: &str) -> AuthFailureMetrics {
        let labels = Labels { closed: 0, open: [auth_method, reason] };
        let series = self.core().series(Metric::GatewayAuthFailures, labels);
        AuthFailureMetrics { core: Arc::clone(self.core()), series }
    }

    /// Counts a request that replay protection blocked.
    #[inline]
    pub fn record_replay_block(&self, reason: &str) {
        let labels = Labels { closed: 0, open: [reason] };
        let core = self.core();
        core.count(Metric::GatewayReplayBlocks, labels);
    }

    /// The handle of replay blocks with this reason.
    #[must_use]
    pub fn replay_block(&self, reason: &str) -> ReplayBlockMetrics {
        let labels = Labels { closed: 0, open: [reason] };
        let series = self.core().series(Metric::GatewayReplayBlocks, labels);
        ReplayBlockMetrics { core: Arc::clone(self.core()), series }
    }

    /// Counts a request that was answered from cached policies alone.
    #[inline]
    pub fn record_degraded_mode_request(&self) {
        let core = self.core();
        core.count(Metric::GatewayDegradedModeRequests, NO_LABELS);
    }
}

/// Requests with one set of labels.
#[derive(Clone, Debug)]
pub struct GatewayRequestMetrics {
    core: Arc<Core>,
    requests: Series,
    duration: Series,
}

impl GatewayRequestMetrics {
    /// Counts a request and its duration.
    #[inline]
    pub fn record(&self, duration: Duration) {
        self.core.increment(self.requests);
        self.core.observe(self.duration, duration);
    }

    /// Counts a request and its duration, which the exemplar is an example of.
    pub fn record_with_exemplar(&self, duration: Duration, exemplar: &Exemplar) {
        self.core.increment(self.requests);
        self.core.observe_with_exemplar(self.duration, duration, exemplar);
    }
}

macro_rules! event_handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            core: Arc<Core>,
            series: Series,
        }

        impl $name {
            /// Counts one.
            #[inline]
            pub fn record(&self) {
                self.core.increment(self.series);
            }
        }
    };
}

event_handle! {
    /// Authentication failures with one set of labels.
    AuthFailureMetrics
}
event_handle! {
    /// Replay blocks with one reason.
    ReplayBlockMetrics
}

/// Counts a request as in flight until it is dropped.
///
/// Bind it to a name: `let _ =` drops it at once, and no compiler warning says so.
///
/// ```
/// # use caracal_metrics_core::MetricsRegistry;
/// let metrics = MetricsRegistry::new();
/// let in_flight = || metrics.sample("caracal_gateway_requests_in_flight", &[]);
///
/// let _ = metrics.track_gateway_request_in_flight();
/// assert_eq!(in_flight(), Some(0.0));
///
/// let _in_flight = metrics.track_gateway_request_in_flight();
/// assert_eq!(in_flight(), Some(1.0));
/// ```
///
/// rustc's lint `let_underscore_drop`, which is off by default, finds such a binding, and so does
/// clippy's `let_underscore_must_use`:
///
/// ```compile_fail
/// #![deny(let_underscore_drop)]
/// # use caracal_metrics_core::MetricsRegistry;
/// # let metrics = MetricsRegistry::new();
/// let _ = metrics.track_gateway_request_in_flight();
/// ```
#[derive(Debug)]
#[must_use = "the request counts as in flight only while the guard is held"]
pub struct InFlightGuard(#[expect(dead_code, reason = "counts until it is dropped")] Tracked);
