//! Connections that outlive their request.

use std::fmt;
use std::sync::Arc;

use axum::response::{IntoResponseParts, ResponseParts};
use caracal_metrics_core::adapter::Stopwatch;
use parking_lot::Mutex;

use crate::families::StreamEnd;
use crate::recording::Recording;
use crate::shared::Shared;

/// An upgraded connection, such as a WebSocket, that counts as an open stream while you hold this value.
///
/// The request itself ends with its response (101, or 2xx to CONNECT). After that, the connection belongs to
/// your code and hyper, and no layer can see it. Put the [`mark`](Self::mark) into the response, and this
/// value into the task that serves the connection:
///
/// ```
/// # mod caracal_metrics { pub use caracal_axum as axum; }
/// use axum::extract::Request;
/// use axum::http::{StatusCode, header::{CONNECTION, UPGRADE}};
/// use axum::response::IntoResponse;
/// use caracal_metrics::axum::OpenConnection;
///
/// # async fn serve(_: hyper::upgrade::Upgraded) -> Result<(), std::io::Error> { Ok(()) }
/// async fn echo(request: Request) -> impl IntoResponse {
///     let open = OpenConnection::new();
///     let mark = open.mark();
///     tokio::spawn(async move {
///         let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
///         match serve(upgraded).await {
///             Ok(()) => open.complete(),
///             Err(_) => open.fail(),
///         }
///     });
///     (StatusCode::SWITCHING_PROTOCOLS, mark, [(CONNECTION, "upgrade"), (UPGRADE, "echo")])
/// }
/// ```
///
/// With axum's `WebSocketUpgrade`, return `(open.mark(), upgrade.on_upgrade(…))`, and move `open` into the
/// callback. If you drop this value without calling [`complete`](Self::complete) or [`fail`](Self::fail), the
/// connection counts as closed by the client. If its thread is panicking, the connection counts as failed.
#[must_use = "the connection counts as open only while this is held"]
pub struct OpenConnection {
    slot: Arc<Slot>,
    end: StreamEnd,
}

/// Counts an open connection once it has ended.
type Count = Box<dyn FnOnce(StreamEnd) + Send>;

struct Slot(Mutex<State>);

enum State {
    /// The connection is open, or is still to be upgraded. Each layer that its response has passed counts it.
    Open(Vec<Count>),
    Ended(StreamEnd),
}

impl Default for Slot {
    fn default() -> Self {
        Self(Mutex::new(State::Open(Vec::new())))
    }
}

impl Default for OpenConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConnection").finish_non_exhaustive()
    }
}

impl OpenConnection {
    /// Creates a connection that is about to be upgraded. It is counted once a layer sees the response with
    /// its mark.
    pub fn new() -> Self {
        Self { slot: Arc::default(), end: StreamEnd::Client }
    }

    /// Returns the mark that tells the layer about the connection. Put it into the response.
    #[must_use = "the connection is counted only if its mark is in the response"]
    pub fn mark(&self) -> ConnectionMark {
        ConnectionMark(Arc::clone(&self.slot))
    }

    /// Records that the connection has ended as expected.
    pub fn complete(mut self) {
        self.end = StreamEnd::Completed;
    }

    /// Records that the connection has failed on this side.
    pub fn fail(mut self) {
        self.end = StreamEnd::Error;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let end = if std::thread::panicking() { StreamEnd::Error } else { self.end };
        let before = std::mem::replace(&mut *self.slot.0.lock(), State::Ended(end));
        if let State::Open(counts) = before {
            for count in counts {
                count(end);
            }
        }
    }
}

/// Marks a response as that of an [`OpenConnection`]. This is a response extension.
#[derive(Clone)]
pub struct ConnectionMark(Arc<Slot>);

impl fmt::Debug for ConnectionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionMark").finish_non_exhaustive()
    }
}

impl IntoResponseParts for ConnectionMark {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut response: ResponseParts,
    ) -> Result<ResponseParts, Self::Error> {
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

impl ConnectionMark {
    /// From now on, counts the connection as open.
    pub(crate) fn open<R: Recording>(&self, shared: &Arc<Shared<R>>, route: Option<Box<str>>) {
        let (started, open) = (Stopwatch::start(), shared.streams.track(route.as_deref()));
        let shared = Arc::clone(shared);
        let count: Count = Box::new(move |end| {
            shared.streams.ended(route.as_deref(), end, started.elapsed());
            // Dropped after the connection was counted, so that a page without open streams contains all
            // counts.
            drop(open);
        });
        let mut state = self.0.0.lock();
        match &mut *state {
            State::Open(counts) => counts.push(count),
            State::Ended(end) => {
                let end = *end;
                drop(state);
                count(end);
            }
        }
    }
}
