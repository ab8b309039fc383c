//! The body of a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{StatusCode, response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::exchange::Exchange;

pin_project! {
    /// The body of a response that went through
    /// [`GatewayMetricsService`](crate::GatewayMetricsService).
    #[derive(Debug, Default)]
    pub struct ResponseBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: B,
        counting: Option<Counting>,
    }

    impl<B> PinnedDrop for ResponseBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(counting) = this.counting {
                // The end may have come since the last frame, and the server have seen it (the
                // body of another server's response, say, whose stream was closed meanwhile).
                if counting.exchange.waits() && this.inner.is_end_stream() {
                    counting.end();
                }
            }
        }
    }
}

/// A request whose response is on its way.
#[derive(Debug)]
struct Counting {
    exchange: Exchange,
    status: StatusCode,
    /// Bytes until the body is whole, where its length was announced.
    missing: Option<u64>,
}

impl Counting {
    /// What being dropped means while the body waits: an abort, unless all of its bytes were
    /// handed over. A server that announced their number stops there and never asks for the end
    /// (hyper does so in HTTP/1).
    fn leave(&mut self) {
        if self.missing == Some(0) {
            self.exchange.answered(self.status);
        } else {
            self.exchange.leave();
        }
    }

    /// The body has ended. One that falls short of its announced length breaks the response: hyper
    /// closes the connection on it.
    fn end(&mut self) {
        if self.missing.is_none_or(|missing| missing == 0) {
            self.exchange.answered(self.status);
        } else {
            self.exchange.fail();
        }
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn uncounted(inner: B) -> Self {
        Self { inner, counting: None }
    }

    pub(crate) fn counted(inner: B, response: &response::Parts, mut exchange: Exchange) -> Self {
        let status = response.status;
        if exchange.bodiless(status) {
            exchange.answered(status);
            return Self::uncounted(inner);
        }
        let mut counting = Counting {
            exchange,
            status,
            missing: (inner.size_hint().exact()).or_else(|| content_length(&response.headers)),
        };
        counting.leave();
        Self { inner, counting: Some(counting) }
    }
}

/// The length that a body of unknown size (a file that is streamed, say) was announced with.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(counting) = this.counting else {
            return this.inner.poll_frame(cx);
        };
        counting.exchange.enter();
        let polled = this.inner.as_mut().poll_frame(cx);
        let ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(missing), Some(data)) = (&mut counting.missing, frame.data_ref()) {
                    *missing = missing.saturating_sub(data.remaining() as u64);
                }
                // Trailers are the last frame: hyper doesn't ask for another one.
                frame.is_trailers() || this.inner.is_end_stream()
            }
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) => {
                counting.exchange.fail();
                *this.counting = None;
                return polled;
            }
        };
        if ended {
            counting.end();
            *this.counting = None;
        } else {
            counting.leave();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
