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
use crate::shared::Shared;
use crate::trace::TraceId;

/// How the request would count if it ended now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nothing waits for the response any more.
    Abandoned,
    /// The service or the body panicked, or failed.
    Failed,
    /// The complete response was handed over.
    Answered,
}

/// Counts its request when it is dropped, and only then. Every way in which a request can end drops the
/// exchange exactly once, so a request can be neither missed nor counted twice. (A request that becomes a
/// stream is counted at that moment. The end of the stream is counted when the exchange is dropped.)
///
/// An exchange moves from the future into the body, and together with each of them through the layers around
/// ours. It is boxed, because copying it each time would take longer than allocating it once.
#[derive(Debug)]
pub(crate) struct Exchange<R: Recording> {
    shared: Arc<Shared<R>>,
    /// For a stream, the time of the head of the response.
    started: Stopwatch,
    kept: R::Kept,
    trace: TraceId,
    /// Read only if something records the route.
    route: Option<MatchedPath>,
    extras: Option<Box<Extras>>,
    /// Dropped after the request was counted, so a page with nothing in flight contains all counts.
    in_flight: GaugeGuard,
    /// The bytes of the response's body that were not handed over yet, once the head is available.
    pub(crate) missing: Missing,
    /// The status of the response, once the head is available.
    status: Option<StatusCode>,
    method: RequestMethod,
    ending: Ending,
    stream: Stream,
}

/// Whether the response is a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// If the head of the response says so.
    IfHeadSays,
    /// The route is one of those that are always streams.
    Route,
    /// It was counted as a request, and is now counted as an open stream.
    Open,
}

impl<R: Recording> Exchange<R> {
    /// Called before code of the service runs. If control comes back by unwinding, that code has panicked.
    /// `thread::panicking` can't detect this, because the code that catches a panic may drop the exchange
    /// later.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.ending = Ending::Failed;
    }

    /// Called when the service waits. If the exchange is dropped now, the client has disconnected.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.ending = Ending::Abandoned;
    }

    /// Returns whether dropping the exchange now would be an abort while no panic is in progress.
    #[inline]
    pub(crate) fn waits(&self) -> bool {
        self.ending == Ending::Abandoned && !thread::panicking()
    }

    /// Called when the service or the body has returned an error.
    #[inline]
    pub(crate) fn fail(&mut self) {
        self.ending = Ending::Failed;
    }

    /// Called when the response is complete. Dropping the exchange from now on is not an abort.
    #[inline]
    pub(crate) fn answered(&mut self) {
        self.ending = Ending::Answered;
    }

    /// Sets what dropping the exchange means while the body waits. It is an abort, unless all bytes of the
    /// body were handed over. A server that announced their number stops there and never polls the end of the
    /// body (hyper does so in HTTP/1).
    #[inline]
    pub(crate) fn leave_body(&mut self) {
        if self.missing == Missing::NONE {
            self.answered();
        } else {
            self.leave();
        }
    }

    /// Called when the body has ended. If it is shorter than its announced length, the response is broken,
    /// and hyper closes the connection.
    #[inline]
    pub(crate) fn end_body(&mut self) {
        if matches!(self.missing, Missing::NONE | Missing::UNKNOWN) {
            self.answered();
        } else {
            self.fail();
        }
    }

    /// Called when a frame of the body was handed over.
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

    /// Lets the recording read the trailers.
    pub(crate) fn read_trailers(&mut self, trailers: &HeaderMap) {
        if let Some(call) = self.grpc() {
            call.read(trailers);
        }
        self.shared.recording.read_trailers(&mut self.kept, trailers);
    }

    /// Returns the facts about the exchange if it ends now, in this way.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "facts that are not read are not computed")]
    fn ended<'a>(&'a self, end: End, duration: Duration, trace: Option<&'a Exemplar>) -> Ended<'a> {
        let extras = self.extras.as_deref();
        Ended {
            end,
            method: self.method,
            status: self.counted_status().map(|status| status.as_u16()),
            duration,
            route: route(extras, self.route.as_ref(), self.status),
            exemplar: extras.and_then(|extras| extras.exemplar.as_ref()).or(trace),
            extras,
        }
    }

    /// Returns the status under which the request is counted.
    #[inline]
    fn counted_status(&self) -> Option<StatusCode> {
        let call = || self.extras.as_ref()?.grpc.as_ref();
        // The request of an open stream was counted before the call could fail.
        let has_failed = self.status == Some(StatusCode::OK)
            && self.stream != Stream::Open
            && call().is_some_and(GrpcCall::failed);
        if has_failed { Some(StatusCode::INTERNAL_SERVER_ERROR) } else { self.status }
    }

    /// Records everything that the layer was asked to record, for the request or for the stream that it
    /// became. If it becomes a stream now, it is not over.
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
            // This is how its request was counted.
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
            // If it was abandoned during a panic (for example, of a layer around this one), the client is not
            // the cause.
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

/// Returns the name of the route, if it has one.
#[inline]
fn route<'a>(
    extras: Option<&'a Extras>,
    matched: Option<&'a MatchedPath>,
    status: Option<StatusCode>,
) -> Option<&'a str> {
    match extras.and_then(|extras| extras.named.as_ref()) {
        Some(named) => named.get(status),
        None => matched.map(MatchedPath::as_str),
    }
}
