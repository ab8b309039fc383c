//! One request, from its arrival to the end of its response.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use axum::extract::MatchedPath;
use caracal_metrics_core::{Exemplar, GaugeGuard};
use http::{HeaderMap, Request, Response, StatusCode};

use crate::families::RequestMethod;
use crate::missing::Missing;
use crate::recording::{Arrival, End, Ended, Recording};
use crate::shared::Shared;
use crate::trace;

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
pub(crate) struct Exchange<R: Recording> {
    shared: Arc<Shared<R>>,
    started: Instant,
    kept: R::Kept,
    exemplar: Option<Exemplar>,
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

impl<R: Recording> Exchange<R> {
    #[inline]
    pub(crate) fn begin<B>(shared: &Arc<Shared<R>>, request: &Request<B>) -> Self {
        let started = Instant::now();
        let recording = &shared.recording;
        let method = RequestMethod::of(request.method());
        let headers = request.headers();
        let (kept, in_flight) = recording.arrived(Arrival { method, uri: request.uri(), headers });
        let route = || request.extensions().get::<MatchedPath>().cloned();
        Self {
            started,
            _in_flight: in_flight,
            kept,
            method,
            exemplar: trace::exemplar(headers),
            route: if recording.by_route() { route() } else { None },
            missing: Missing::UNKNOWN,
            status: None,
            ending: Ending::Abandoned,
            shared: Arc::clone(shared),
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

    /// Has the recording read the request. Not inlined, for the request is large, and would be moved
    /// about where there is nothing to read as well.
    #[inline(never)]
    pub(crate) fn read_request<B>(&mut self, request: Request<B>) -> Request<B> {
        let (parts, body) = request.into_parts();
        self.shared.recording.read_request(&mut self.kept, &parts);
        Request::from_parts(parts, body)
    }

    /// Reads what the head of the response says about the request. Says whether
    /// [`read_response`](Self::read_response) has to read the rest.
    #[inline]
    pub(crate) fn read<B>(&mut self, response: &Response<B>) -> bool {
        self.status = Some(response.status());
        self.shared.recording.read_extensions(&mut self.kept, response.extensions())
    }

    /// Has the recording read the whole head. Not inlined, as above.
    #[inline(never)]
    pub(crate) fn read_response<B>(&mut self, response: Response<B>) -> Response<B> {
        let (parts, body) = response.into_parts();
        self.shared.recording.read_response(&mut self.kept, &parts);
        Response::from_parts(parts, body)
    }

    /// Has the recording read the trailers.
    pub(crate) fn read_trailers(&mut self, trailers: &HeaderMap) {
        self.shared.recording.read_trailers(&mut self.kept, trailers);
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

impl<R: Recording> Drop for Exchange<R> {
    fn drop(&mut self) {
        let end = match self.ending {
            Ending::Answered if !thread::panicking() => End::Answered,
            _ if self.waits() => End::ClientClosed,
            // Abandoned in a panic (of a layer around us, say) is no doing of the client's.
            _ => End::Failed,
        };
        let ended = Ended {
            end,
            method: self.method,
            status: self.status.map(|status| status.as_u16()),
            duration: self.started.elapsed(),
            route: self.route.as_ref().map(MatchedPath::as_str),
            exemplar: self.exemplar.as_ref(),
        };
        self.shared.recording.record(&self.kept, &ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Gateway, Http};

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_is_small_enough_to_be_moved_about() {
        assert!(size_of::<Option<Exchange<Gateway>>>() <= 104);
        assert!(size_of::<Option<Exchange<Http>>>() <= 104);
    }
}
