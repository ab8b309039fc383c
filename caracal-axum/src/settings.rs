//! What all services made by one layer share.

use std::fmt;
use std::sync::Arc;

use caracal_metrics_core::MetricsRegistry;
use http::{request, response};

use crate::extensions::AuthMethod;
use crate::route_metrics::RouteMetrics;

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
    pub(crate) by_route: Option<RouteMetrics>,
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
