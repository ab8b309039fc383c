//! One request, from its arrival to the end of its response.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use axum::extract::MatchedPath;
use caracal_metrics_core::GaugeGuard;
use http::{Extensions, Request, Response, StatusCode};

use crate::extensions::{AuthFailure, AuthMethod, DegradedMode, ReplayBlock};
use crate::method::RequestMethod;
use crate::missing::Missing;
use crate::settings::{Settings, UNMATCHED_ROUTE};
use crate::trace::Trace;

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
    Answered,
}

/// Counts its request when it is dropped, and only then: since every way out drops it, and drops
/// it once, a request can be neither missed nor counted twice.
///
/// It moves from the future into the body, and with both through the layers around ours: each of
/// its bytes is copied several times for a request, so it has as few as it can.
#[derive(Debug)]
pub(crate) struct Exchange {
    settings: Arc<Settings>,
    started: Instant,
    auth_method: Option<AuthMethod>,
    trace: Trace,
    /// Read only where requests are counted by route.
    route: Option<MatchedPath>,
    /// Dropped after the request was counted, so a page with nothing in flight has all counts.
    _in_flight: GaugeGuard,
    /// Of the response's body, once its head came.
    pub(crate) missing: Missing,
    /// The response's, once its head came.
    status: Option<StatusCode>,
    method: RequestMethod,
    ending: Ending,
}

impl Exchange {
    #[inline]
    pub(crate) fn begin<B>(settings: &Arc<Settings>, request: &Request<B>) -> Self {
        let route = || request.extensions().get::<MatchedPath>().cloned();
        Self {
            started: Instant::now(),
            _in_flight: settings.metrics.track_gateway_request_in_flight(),
            settings: Arc::clone(settings),
            method: RequestMethod::of(request.method()),
            auth_method: None,
            trace: Trace::of(request.headers()),
            route: if settings.by_route.is_some() { route() } else { None },
            missing: Missing::UNKNOWN,
            status: None,
            ending: Ending::Abandoned,
        }
    }

    /// The service's code runs from here: if control comes back by unwinding, it has panicked.
    /// `thread::panicking` can't tell, since what catches a panic may drop us later.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.ending = Ending::Failed;
    }

    /// The service waits: if we are dropped now, whoever asked went away.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.ending = Ending::Abandoned;
    }

    /// Whether being dropped now would be an abort, and no panic is under way.
    #[inline]
    pub(crate) fn waits(&self) -> bool {
        self.ending == Ending::Abandoned && !thread::panicking()
    }

    /// The service or the body answered with an error.
    #[inline]
    pub(crate) fn fail(&mut self) {
        self.ending = Ending::Failed;
    }

    /// Nothing is missing from the response: if we are dropped now, that is no abort.
    #[inline]
    pub(crate) fn answered(&mut self) {
        self.ending = Ending::Answered;
    }

    /// What being dropped means while the body waits: an abort, unless all of its bytes were
    /// handed over. A server that announced their number stops there and never asks for the end
    /// (hyper does so in HTTP/1).
    #[inline]
    pub(crate) fn leave_body(&mut self) {
        if self.missing == Missing::NONE {
            self.answered();
        } else {
            self.leave();
        }
    }

    /// The body has ended. One that falls short of its announced length breaks the response: hyper
    /// closes the connection on it.
    #[inline]
    pub(crate) fn end_body(&mut self) {
        if matches!(self.missing, Missing::NONE | Missing::UNKNOWN) {
            self.answered();
        } else {
            self.fail();
        }
    }

    /// Asks the classifier about the request. Not inlined, for the request is large, and would be
    /// moved about where there is no classifier as well.
    #[inline(never)]
    pub(crate) fn classify_request<B>(&mut self, request: Request<B>) -> Request<B> {
        let (parts, body) = request.into_parts();
        if let Some(classify) = &self.settings.by_request {
            self.auth_method = classify(&parts);
        }
        Request::from_parts(parts, body)
    }

    /// Reads what the response says about the request, and records it at once: it stays true when
    /// the body is aborted. Says whether a classifier has to be asked for the rest.
    #[inline]
    pub(crate) fn read<B>(&mut self, response: &Response<B>) -> bool {
        self.status = Some(response.status());
        let said = response.extensions();
        let says_auth_method = !said.is_empty() && self.read_extensions(said);
        self.settings.by_response.is_some() && !says_auth_method
    }

    /// Says whether the `auth_method` was among what they say.
    fn read_extensions(&mut self, said: &Extensions) -> bool {
        let metrics = &self.settings.metrics;
        if let Some(failure) = said.get::<AuthFailure>() {
            metrics.record_auth_failure(&failure.method, &failure.reason);
        }
        if let Some(block) = said.get::<ReplayBlock>() {
            metrics.record_replay_block(&block.reason);
        }
        if said.get::<DegradedMode>().is_some() {
            metrics.record_degraded_mode_request();
        }
        let auth_method = said.get::<AuthMethod>();
        if let Some(auth_method) = auth_method {
            self.auth_method = Some(auth_method.clone());
        }
        auth_method.is_some()
    }

    /// Asks the classifier about a response that does not say the `auth_method`. Not inlined, as
    /// above.
    #[inline(never)]
    pub(crate) fn classify_response<B>(&mut self, response: Response<B>) -> Response<B> {
        let (parts, body) = response.into_parts();
        let classify = self.settings.by_response.as_ref();
        if let Some(auth_method) = classify.and_then(|classify| classify(&parts)) {
            self.auth_method = Some(auth_method);
        }
        Response::from_parts(parts, body)
    }

    /// Whether the response has no body, whatever its body type says. Servers drop such a body
    /// without reading it (hyper: `Server::can_have_body`).
    #[inline]
    pub(crate) fn bodiless(&self, status: StatusCode) -> bool {
        self.method == RequestMethod::Head
            || self.method == RequestMethod::Connect && status.is_success()
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let status = match (self.ending, self.status) {
            (Ending::Answered, Some(status)) if !thread::panicking() => status.as_u16(),
            _ if self.waits() => CLIENT_CLOSED_REQUEST,
            // Abandoned in a panic (of a layer around us, say) is no doing of the client's.
            _ => StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        };
        let auth_method = match &self.auth_method {
            Some(AuthMethod(auth_method)) => auth_method,
            None => NO_AUTH_METHOD,
        };
        let metrics = &self.settings.metrics;
        let (method, duration) = (self.method.label(), self.started.elapsed());
        match &self.trace.exemplar() {
            Some(exemplar) => metrics.record_gateway_request_with_exemplar(
                method,
                status,
                auth_method,
                duration,
                exemplar,
            ),
            None => metrics.record_gateway_request(method, status, auth_method, duration),
        }
        if let Some(by_route) = &self.settings.by_route {
            let route = self.route.as_ref().map_or(UNMATCHED_ROUTE, MatchedPath::as_str);
            by_route.record(route, method, status, duration);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_is_small_enough_to_be_moved_about() {
        assert!(size_of::<Option<Exchange>>() <= 96);
    }
}
