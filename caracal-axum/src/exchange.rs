//! One request, from its arrival to the end of its response.

mod arrival;
mod head;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::extract::MatchedPath;
use caracal_metrics_core::adapter::Stopwatch;
use caracal_metrics_core::{Exemplar, GaugeGuard};
use http::{HeaderMap, StatusCode};

use crate::extras::Extras;
use crate::families::{RequestMethod, StreamEnd};
use crate::grpc::GrpcCall;
use crate::missing::Missing;
use crate::recording::{End, Ended, RecordOf, Recording};
use crate::routes::Kept;
use crate::shared::Shared;
use crate::trace::TraceId;

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
/// it once, a request can be neither missed nor counted twice. (One that becomes a stream is counted
/// at that moment, and its end when it is dropped.)
///
/// It moves from the future into the body, and with both through the layers around ours: each of
/// its bytes is copied several times for a request, so it has as few as it can.
#[derive(Debug)]
pub(crate) struct Exchange<R: Recording> {
    shared: Arc<Shared<R>>,
    /// Of a stream, when its head came.
    started: Stopwatch,
    kept: R::Kept,
    trace: TraceId,
    /// Read only where something records the route, as `kept_route`.
    own_route: Option<MatchedPath>,
    extras: Option<Box<Extras>>,
    /// Dropped after the request was counted, so a page with nothing in flight has all counts.
    in_flight: GaugeGuard,
    /// Of the response's body, once its head came.
    pub(crate) missing: Missing,
    /// The response's, once its head came.
    status: Option<StatusCode>,
    method: RequestMethod,
    ending: Ending,
    /// Not with `own_route` in one enum, which would be larger.
    kept_route: Option<Kept>,
    stream: Stream,
}

/// Whether the response is a stream.
///
/// As large as there is room for: an exchange that is none is told by a value that this one has not, and
/// a small number is compared in the fewest instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Stream {
    /// If its head says so.
    IfHeadSays,
    /// The route says so.
    Route,
    /// It was counted as a request, and is counted as an open stream.
    Open,
}

impl<R: Recording> Exchange<R> {
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

    /// A frame of the body was handed over.
    #[inline]
    pub(crate) fn handed_over(&mut self, bytes: usize) {
        self.missing.take(bytes);
        if let Some(extras) = &mut self.extras {
            extras.sent += bytes as u64;
        }
    }

    #[inline]
    fn grpc(&mut self) -> Option<&mut GrpcCall> {
        self.extras.as_mut()?.grpc.as_mut()
    }

    /// Has the recording read the trailers.
    pub(crate) fn read_trailers(&mut self, trailers: &HeaderMap) {
        if let Some(call) = self.grpc() {
            call.read(trailers);
        }
        self.shared.recording.read_trailers(&mut self.kept, trailers);
    }

    /// The name of the route, if it has one.
    #[inline]
    fn route(&self) -> Option<&str> {
        let extras = self.extras.as_deref();
        route(&self.shared, extras, self.kept_route, self.own_route.as_ref(), self.status)
    }

    /// What is known of the exchange, if it ends so now.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what the recording does not read is not made")]
    fn ended<'a>(&'a self, end: End, duration: Duration, trace: Option<&'a Exemplar>) -> Ended<'a> {
        let extras = self.extras.as_deref();
        let grpc = extras.and_then(|extras| extras.grpc.as_ref()?.labels());
        let mut status = self.status;
        if status == Some(StatusCode::OK)
            && grpc.is_some_and(|call| call.grpc_status.is_of_the_server())
        {
            status = Some(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Ended {
            end,
            method: self.method,
            status: status.map(|status| status.as_u16()),
            grpc,
            duration,
            route: self.route(),
            exemplar: extras.and_then(|extras| extras.exemplar.as_ref()).or(trace),
            labels: extras.map(|extras| &extras.labels),
            received: extras.and_then(|extras| Some(extras.received.as_ref()?.bytes())),
            sent: extras.map_or(0, |extras| extras.sent),
        }
    }

    /// Records all that the layer was asked for: of the request, or of the stream that it became. One that
    /// becomes a stream now is not over.
    #[inline(never)]
    fn record_in_full(&self, end: End, duration: Duration, is_over: bool) {
        let trace = self.trace.exemplar();
        let mut ended = self.ended(end, duration, trace.as_ref());
        let shared = &self.shared;
        let record = |of: &Option<RecordOf<R>>, ended: &Ended<'_>| {
            if let Some(record) = of {
                record(&self.kept, ended);
            }
        };
        if is_over {
            record(&shared.grpc, &ended);
        }
        if self.stream == Stream::Open {
            self.count_stream(&ended);
            // As its request was counted.
            ended.end = End::Answered;
        } else {
            shared.recording.record(&self.kept, &ended);
            record(&shared.by_route, &ended);
        }
        if is_over {
            record(&shared.sizes, &ended);
        }
    }

    /// Counts a stream that has ended.
    fn count_stream(&self, ended: &Ended<'_>) {
        let how = match ended.end {
            End::Answered => StreamEnd::Completed,
            End::ClientClosed => StreamEnd::Client,
            End::Failed => StreamEnd::Error,
        };
        self.shared.streams.ended(ended.route, how, ended.duration);
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
        let status = self.status;
        if let Some(call) = self.grpc() {
            call.end(end, status);
        }
        let duration = self.started.elapsed();
        if self.shared.records_more || self.stream == Stream::Open {
            self.record_in_full(end, duration, true);
        } else {
            let trace = self.trace.exemplar();
            self.shared.recording.record(&self.kept, &self.ended(end, duration, trace.as_ref()));
        }
    }
}

/// The name of a route that is kept among those of the layer, is the exchange's own, or has another name.
#[inline]
fn route<'a, R: Recording>(
    shared: &'a Shared<R>,
    extras: Option<&'a Extras>,
    kept: Option<Kept>,
    own: Option<&'a MatchedPath>,
    status: Option<StatusCode>,
) -> Option<&'a str> {
    if let Some(named) = extras.and_then(|extras| extras.named.as_ref()) {
        return named.get(status);
    }
    match kept {
        Some(kept) => shared.routes.get(kept),
        None => own.map(MatchedPath::as_str),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::recording::{Gateway, Http};

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_is_small_enough_to_be_moved_about() {
        // A stopwatch is larger here, where tests may set its clock.
        let clock_of_a_test = size_of::<Stopwatch>() - size_of::<Instant>();
        assert!(size_of::<Option<Exchange<Gateway>>>() <= 112 + clock_of_a_test);
        assert!(size_of::<Option<Exchange<Http>>>() <= 96 + clock_of_a_test);
    }
}
