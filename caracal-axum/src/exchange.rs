//! One request, from its arrival to the end of its response.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use axum::extract::MatchedPath;
use caracal_metrics_core::{Exemplar, InFlightGuard};
use http::{Method, Request, StatusCode, response};

use crate::extensions::{AuthFailure, AuthMethod, DegradedMode, ReplayBlock};
use crate::layer::{Settings, UNMATCHED_ROUTE};
use crate::trace;

/// What nginx calls a request whose client closed the connection first.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The `auth_method` of a request about which nobody said anything.
const NO_AUTH_METHOD: &str = "none";

/// How the request ended, if it were to end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nobody waits for the response any more.
    Abandoned,
    /// The service or the body panicked, or failed.
    Failed,
    /// The response was handed over whole.
    Answered(StatusCode),
}

/// Counts its request when it is dropped, and only then: since every way out drops it, and drops
/// it once, a request can be neither missed nor counted twice.
#[derive(Debug)]
pub(crate) struct Exchange {
    settings: Arc<Settings>,
    started: Instant,
    method: &'static str,
    auth_method: Option<AuthMethod>,
    exemplar: Option<Exemplar>,
    /// Read only where requests are counted by route.
    route: Option<MatchedPath>,
    ending: Ending,
    /// Dropped after the request was counted, so who reads 0 in flight reads all of the counts.
    _in_flight: InFlightGuard,
}

impl Exchange {
    pub(crate) fn begin<B>(settings: &Arc<Settings>, request: &Request<B>) -> Self {
        let route = || request.extensions().get::<MatchedPath>().cloned();
        Self {
            started: Instant::now(),
            _in_flight: settings.metrics.track_gateway_request_in_flight(),
            settings: Arc::clone(settings),
            method: method_label(request.method()),
            auth_method: None,
            exemplar: trace::exemplar(request.headers()),
            route: if settings.by_route { route() } else { None },
            ending: Ending::Abandoned,
        }
    }

    /// The service's code runs from here: if control comes back by unwinding, it has panicked.
    /// `thread::panicking` can't tell, since what catches a panic may drop us later.
    pub(crate) fn enter(&mut self) {
        self.ending = Ending::Failed;
    }

    /// The service waits: if we are dropped now, whoever asked went away.
    pub(crate) fn leave(&mut self) {
        self.ending = Ending::Abandoned;
    }

    /// Whether being dropped now would be an abort, and no panic is under way.
    pub(crate) fn waits(&self) -> bool {
        self.ending == Ending::Abandoned && !thread::panicking()
    }

    /// The service or the body answered with an error.
    pub(crate) fn fail(&mut self) {
        self.ending = Ending::Failed;
    }

    /// Nothing is missing from the response: if we are dropped now, that is no abort.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.ending = Ending::Answered(status);
    }

    pub(crate) fn set_auth_method(&mut self, auth_method: Option<AuthMethod>) {
        self.auth_method = auth_method;
    }

    /// Reads what the response says about the request, and records it at once: it stays true when
    /// the body is aborted.
    pub(crate) fn read(&mut self, response: &response::Parts) {
        let metrics = &self.settings.metrics;
        let said = &response.extensions;
        if let Some(failure) = said.get::<AuthFailure>() {
            metrics.record_auth_failure(&failure.method, &failure.reason);
        }
        if let Some(block) = said.get::<ReplayBlock>() {
            metrics.record_replay_block(&block.reason);
        }
        if said.get::<DegradedMode>().is_some() {
            metrics.record_degraded_mode_request();
        }
        let auth_method = said.get::<AuthMethod>().cloned().or_else(|| {
            let classify = self.settings.by_response.as_ref()?;
            classify(response)
        });
        if auth_method.is_some() {
            self.auth_method = auth_method;
        }
    }

    /// Whether a response with this status has no body, whatever its body type says. Servers drop
    /// such a body without reading it (hyper: `Server::can_have_body`).
    pub(crate) fn bodiless(&self, status: StatusCode) -> bool {
        self.method == "HEAD"
            || self.method == "CONNECT" && status.is_success()
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let status = match self.ending {
            Ending::Answered(status) => status.as_u16(),
            _ if self.waits() => CLIENT_CLOSED_REQUEST,
            // Abandoned in a panic (of a layer around us, say) is no doing of the client's.
            Ending::Abandoned | Ending::Failed => StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        };
        let auth_method = match &self.auth_method {
            Some(AuthMethod(auth_method)) => auth_method,
            None => NO_AUTH_METHOD,
        };
        let metrics = &self.settings.metrics;
        let (method, duration) = (self.method, self.started.elapsed());
        match &self.exemplar {
            Some(exemplar) => metrics.record_gateway_request_with_exemplar(
                method,
                status,
                auth_method,
                duration,
                exemplar,
            ),
            None => metrics.record_gateway_request(method, status, auth_method, duration),
        }
        if self.settings.by_route {
            let route = self.route.as_ref().map_or(UNMATCHED_ROUTE, MatchedPath::as_str);
            metrics.record_gateway_route_request(route, method, status, duration);
        }
    }
}

/// The label's value; no copy of a method that a client made up.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::CONNECT => "CONNECT",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}
