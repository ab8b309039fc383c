//! What the gateway's layer records by route.

use std::fmt;
use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, FamilyError, Method, Metric, MetricsRegistry,
};

use crate::families::{
    GATEWAY_ROUTE_REQUEST_DURATION, GATEWAY_ROUTE_REQUESTS, RouteRequest, RouteRequestTime,
    StatusClass,
};

/// Counts requests by route.
pub(crate) trait ByRoute: fmt::Debug + Send + Sync {
    /// Counts a request and its duration.
    fn record(&self, route: &str, method: &str, status_code: u16, duration: Duration);
}

/// Counts requests by route alone.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    requests: Metric<Counter, RouteRequest<'static>>,
    duration: Metric<DurationHistogram, RouteRequestTime<'static>>,
}

impl RouteMetrics {
    pub(crate) fn new(metrics: &MetricsRegistry) -> Result<Self, FamilyError> {
        Ok(Self {
            requests: metrics.family(&GATEWAY_ROUTE_REQUESTS)?,
            duration: metrics.family(&GATEWAY_ROUTE_REQUEST_DURATION)?,
        })
    }
}

impl ByRoute for RouteMetrics {
    fn record(&self, route: &str, method: &str, status_code: u16, duration: Duration) {
        let (method, status_class) = (Method::new(method), StatusClass::of(status_code));
        self.requests.inc(RouteRequest { route, method, status_class });
        self.duration.observe(RouteRequestTime { route, method }, duration);
    }
}
