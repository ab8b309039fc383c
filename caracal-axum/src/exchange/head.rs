//! The head of a response.

use std::sync::Arc;

use caracal_metrics_core::adapter::Stopwatch;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body;

use super::{Exchange, Stream, route};
use crate::families::RequestMethod;
use crate::missing::Missing;
use crate::recording::{End, Recording};
use crate::upgrade::ConnectionMark;

impl<R: Recording> Exchange<R> {
    /// Reads what the head of the response reports about the request. Returns whether
    /// [`read_response`](Self::read_response) has to read the rest.
    #[inline]
    pub(crate) fn read<B>(&mut self, response: &Response<B>) -> bool {
        self.status = Some(response.status());
        if let Some(call) = self.grpc() {
            call.read(response.headers());
        }
        if self.shared.first_byte.is_some() {
            self.record_first_byte();
        }
        self.shared.recording.read_extensions(&mut self.kept, response.extensions())
    }

    #[inline(never)]
    fn record_first_byte(&self) {
        if let Some(record) = &self.shared.first_byte {
            record(&self.kept, &self.ended(End::Answered, self.started.elapsed(), None));
        }
    }

    /// Lets the recording read the whole head. Not inlined, because the response is large, and would also be
    /// moved when there is nothing to read.
    #[inline(never)]
    pub(crate) fn read_response<B>(&mut self, response: Response<B>) -> Response<B> {
        let (parts, body) = response.into_parts();
        self.shared.recording.read_response(&mut self.kept, &parts);
        Response::from_parts(parts, body)
    }

    /// Called when the head of a response with a body was read.
    #[inline]
    pub(crate) fn begin_body<B: Body>(&mut self, response: &Response<B>) {
        self.missing = Missing::of(response);
        // A stream has no known length, unless its route says that it is one. An empty body is never a stream.
        let may_be_stream = self.missing == Missing::UNKNOWN
            || self.stream == Stream::Route && self.missing != Missing::NONE;
        if may_be_stream && self.is_stream(response.status(), response.headers()) {
            self.become_stream();
        }
        self.leave_body();
    }

    /// Returns whether the response is a stream. An error response is not a stream, however long it takes.
    #[inline(never)]
    fn is_stream(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let is_events = || {
            let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
            let end = content_type.iter().position(|byte| *byte == b';');
            let essence = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
            essence.eq_ignore_ascii_case(b"text/event-stream")
        };
        status.is_success() && (self.stream == Stream::Route || is_events())
    }

    /// Counts the request as answered. From now on, the exchange is counted as a stream.
    #[inline(never)]
    fn become_stream(&mut self) {
        self.record_in_full(End::Answered, self.started.elapsed(), false);
        self.started = Stopwatch::start();
        self.status = self.counted_status();
        self.stream = Stream::Open;
        let route = route(self.extras.as_deref(), self.route.as_ref(), self.status);
        self.shared.streams.take_over(route, &mut self.in_flight);
    }

    /// Called when the response has no body.
    #[inline]
    pub(crate) fn end_head<B>(mut self: Box<Self>, response: &Response<B>) {
        let status = response.status();
        let upgrades = status == StatusCode::SWITCHING_PROTOCOLS;
        if status.is_informational() && !upgrades {
            // This is not a response: hyper sends status 500 instead (`Server::encode`).
            self.fail();
            return;
        }
        self.answered();
        if (upgrades || self.method == RequestMethod::Connect)
            && let Some(mark) = response.extensions().get::<ConnectionMark>()
        {
            self.upgrade(mark);
        }
    }

    /// Called when the connection outlives its request.
    #[inline(never)]
    fn upgrade(self: Box<Self>, mark: &ConnectionMark) {
        let shared = Arc::clone(&self.shared);
        let route = route(self.extras.as_deref(), self.route.as_ref(), self.status);
        let route = route.map(Box::from);
        // The request ends before: no page counts it in flight and open at once.
        drop(self);
        mark.open(&shared, route);
    }

    /// Returns whether the response has no body, regardless of its body type. Servers drop such a body
    /// without reading it (hyper: `Server::can_have_body`).
    #[inline]
    pub(crate) fn bodiless(&self, status: StatusCode) -> bool {
        self.method == RequestMethod::Head
            || self.method == RequestMethod::Connect && status.is_success()
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }
}
