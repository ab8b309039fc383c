//! The families of requests to the gateway.

use std::time::Duration;

use crate::exemplar::Exemplar;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, DurationHistogram, Gauge, GaugeGuard};
use crate::labels::{Method, StatusCode};
use crate::preregistered::Preregistered;
use crate::registry::MetricsRegistry;

crate::labels! {
    /// The labels of a request.
    pub struct GatewayRequest<'a> {
        /// The request method.
        pub method: Method,
        /// The status code of the response.
        pub status_code: StatusCode,
        /// How the client authenticated.
        pub auth_method: &'a str,
    }

    /// The labels of the duration of a request.
    pub struct GatewayRequestTime {
        /// The request method.
        pub method: Method,
        /// The status code of the response.
        pub status_code: StatusCode,
    }

    /// The labels of a failed authentication.
    pub struct AuthFailure<'a> {
        /// How the client tried to authenticate.
        pub auth_method: &'a str,
        /// The reason for the failure.
        pub reason: &'a str,
    }

    /// The labels of a request that replay protection blocked.
    pub struct ReplayBlock<'a> {
        /// The reason.
        pub reason: &'a str,
    }
}

/// The buckets of [`GATEWAY_REQUEST_DURATION`] and of other families that time the same requests.
pub const GATEWAY_REQUEST_BUCKETS: &[Duration] = &[
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(75),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_millis(7_500),
    Duration::from_secs(10),
];

/// `gateway_requests_total`.
pub static GATEWAY_REQUESTS: Family<Counter, GatewayRequest<'_>> =
    Family::counter("gateway_requests_total", "Total number of gateway requests").namespaced();

/// `gateway_request_duration_seconds`.
pub static GATEWAY_REQUEST_DURATION: Family<DurationHistogram, GatewayRequestTime> =
    Family::duration_histogram(
        "gateway_request_duration_seconds",
        "Gateway request duration in seconds",
    )
    .namespaced()
    .buckets(GATEWAY_REQUEST_BUCKETS);

/// `gateway_requests_in_flight`.
pub static GATEWAY_REQUESTS_IN_FLIGHT: Family<Gauge> = Family::gauge(
    "gateway_requests_in_flight",
    "Number of gateway requests currently being processed",
)
.namespaced();

/// `gateway_auth_failures_total`.
pub static GATEWAY_AUTH_FAILURES: Family<Counter, AuthFailure<'_>> =
    Family::counter("gateway_auth_failures_total", "Total number of authentication failures")
        .namespaced();

/// `gateway_replay_blocks_total`.
pub static GATEWAY_REPLAY_BLOCKS: Family<Counter, ReplayBlock<'_>> = Family::counter(
    "gateway_replay_blocks_total",
    "Total number of requests blocked by replay protection",
)
.namespaced();

/// `gateway_degraded_mode_requests_total`.
pub static GATEWAY_DEGRADED_MODE_REQUESTS: Family<Counter> = Family::counter(
    "gateway_degraded_mode_requests_total",
    "Total number of requests processed in degraded mode (using cached policies)",
)
.namespaced();

pub(super) static FAMILIES: [&FamilySpec; 6] = [
    GATEWAY_REQUESTS.spec(),
    GATEWAY_REQUEST_DURATION.spec(),
    GATEWAY_REQUESTS_IN_FLIGHT.spec(),
    GATEWAY_AUTH_FAILURES.spec(),
    GATEWAY_REPLAY_BLOCKS.spec(),
    GATEWAY_DEGRADED_MODE_REQUESTS.spec(),
];

/// The index after these families in a registry.
pub(super) const END: usize = 6;

const REQUESTS: Preregistered<Counter, GatewayRequest<'_>> =
    Preregistered::find(&GATEWAY_REQUESTS, &FAMILIES, END);
const DURATION: Preregistered<DurationHistogram, GatewayRequestTime> =
    Preregistered::find(&GATEWAY_REQUEST_DURATION, &FAMILIES, END);
const IN_FLIGHT: Preregistered<Gauge> =
    Preregistered::find(&GATEWAY_REQUESTS_IN_FLIGHT, &FAMILIES, END);
const AUTH_FAILURES: Preregistered<Counter, AuthFailure<'_>> =
    Preregistered::find(&GATEWAY_AUTH_FAILURES, &FAMILIES, END);
const REPLAY_BLOCKS: Preregistered<Counter, ReplayBlock<'_>> =
    Preregistered::find(&GATEWAY_REPLAY_BLOCKS, &FAMILIES, END);
const DEGRADED_MODE: Preregistered<Counter> =
    Preregistered::find(&GATEWAY_DEGRADED_MODE_REQUESTS, &FAMILIES, END);

impl MetricsRegistry {
    /// Counts a request and its duration.
    ///
    /// A method other than the nine standard ones is counted as `OTHER`. A status code outside 100 to 999 is
    /// counted as `unknown`, and also in `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn record_gateway_request(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
        duration: Duration,
    ) {
        let (method, status_code) = self.method_and_status(method, status_code);
        let request = GatewayRequest { method, status_code, auth_method };
        let time = GatewayRequestTime { method, status_code };
        self.count_and_observe((REQUESTS, request), (DURATION, time), duration);
    }

    /// Counts a request and its duration, together with an exemplar. Otherwise, it does the same as
    /// [`record_gateway_request`](Self::record_gateway_request).
    #[inline]
    pub fn record_gateway_request_with_exemplar(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        let (method, status_code) = self.method_and_status(method, status_code);
        self.count(REQUESTS, GatewayRequest { method, status_code, auth_method });
        let labels = GatewayRequestTime { method, status_code };
        self.store(DURATION).observe_with_exemplar(&labels, duration, exemplar);
    }

    /// Returns the handle of requests with these labels.
    #[must_use]
    pub fn gateway_request(
        &self,
        method: &str,
        status_code: u16,
        auth_method: &str,
    ) -> GatewayRequestMetrics {
        let (method, status_code) = self.method_and_status(method, status_code);
        GatewayRequestMetrics {
            requests: self.handle(REQUESTS, GatewayRequest { method, status_code, auth_method }),
            duration: self.handle(DURATION, GatewayRequestTime { method, status_code }),
        }
    }

    #[inline]
    fn method_and_status(&self, method: &str, status_code: u16) -> (Method, StatusCode) {
        let status = StatusCode::new(status_code);
        if status.is_unknown() {
            self.store(REQUESTS).count_invalid();
        }
        (Method::new(method), status)
    }

    /// Counts a request as in flight until the guard is dropped: at the end of the scope, at an early `?`, in a
    /// panic, or when a future that holds it is cancelled. The guard can be dropped on another thread.
    ///
    /// If a page shows no request in flight, it contains everything that was recorded before the guards were
    /// dropped. So record the request first, and then drop the guard.
    ///
    /// The number on a page was correct at some moment during the scrape. If requests end while it is being
    /// read, which takes microseconds, it may be off by half as many as end in this time. It is zero only if
    /// all requests that were in flight when the scrape began have ended.
    #[inline]
    pub fn track_gateway_request_in_flight(&self) -> GaugeGuard {
        GaugeGuard::begin_only(self.store(IN_FLIGHT))
    }

    /// Counts a failed authentication.
    #[inline]
    pub fn record_auth_failure(&self, auth_method: &str, reason: &str) {
        self.count(AUTH_FAILURES, AuthFailure { auth_method, reason });
    }

    /// Returns the handle of failed authentications with these labels.
    #[must_use]
    pub fn auth_failure(&self, auth_method: &str, reason: &str) -> Counter {
        self.handle(AUTH_FAILURES, AuthFailure { auth_method, reason })
    }

    /// Counts a request that replay protection blocked.
    #[inline]
    pub fn record_replay_block(&self, reason: &str) {
        self.count(REPLAY_BLOCKS, ReplayBlock { reason });
    }

    /// Returns the handle of blocked requests with this reason.
    #[must_use]
    pub fn replay_block(&self, reason: &str) -> Counter {
        self.handle(REPLAY_BLOCKS, ReplayBlock { reason })
    }

    /// Counts a request that was answered with cached policies only.
    #[inline]
    pub fn record_degraded_mode_request(&self) {
        self.count(DEGRADED_MODE, ());
    }
}

/// Requests with one set of labels.
#[derive(Clone, Debug)]
pub struct GatewayRequestMetrics {
    requests: Counter,
    duration: DurationHistogram,
}

impl GatewayRequestMetrics {
    /// Counts a request and its duration.
    #[inline]
    pub fn record(&self, duration: Duration) {
        self.requests.inc();
        self.duration.observe(duration);
    }

    /// Counts a request and its duration, together with an exemplar.
    pub fn record_with_exemplar(&self, duration: Duration, exemplar: &Exemplar) {
        self.requests.inc();
        self.duration.observe_with_exemplar(duration, exemplar);
    }
}
