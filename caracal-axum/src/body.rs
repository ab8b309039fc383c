//! The body of a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap};
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
        exchange: Option<Exchange>,
    }

    impl<B> PinnedDrop for ResponseBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(exchange) = this.exchange {
                // The end may have come since the last frame, and the server have seen it (the
                // body of another server's response, say, whose stream was closed meanwhile).
                if exchange.waits() && this.inner.is_end_stream() {
                    exchange.end_body();
                }
            }
        }
    }
}

/// Bytes until a body is whole, where its length was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(u64);

impl Missing {
    /// No body is so long that this could be meant.
    pub(crate) const UNKNOWN: Self = Self(u64::MAX);

    /// Of a response whose body was not read yet.
    #[inline]
    pub(crate) fn of<B: Body>(response: &Response<B>) -> Self {
        let announced = || content_length(response.headers());
        response.body().size_hint().exact().or_else(announced).map_or(Self::UNKNOWN, Self)
    }

    #[inline]
    fn take(&mut self, bytes: usize) {
        if *self != Self::UNKNOWN {
            self.0 = self.0.saturating_sub(bytes as u64);
        }
    }
}

impl Exchange {
    /// What being dropped means while the body waits: an abort, unless all of its bytes were
    /// handed over. A server that announced their number stops there and never asks for the end
    /// (hyper does so in HTTP/1).
    #[inline]
    pub(crate) fn leave_body(&mut self) {
        if self.missing == Missing(0) {
            self.answered();
        } else {
            self.leave();
        }
    }

    /// The body has ended. One that falls short of its announced length breaks the response: hyper
    /// closes the connection on it.
    #[inline]
    fn end_body(&mut self) {
        if matches!(self.missing, Missing(0) | Missing::UNKNOWN) {
            self.answered();
        } else {
            self.fail();
        }
    }
}

impl<B: Body> ResponseBody<B> {
    #[inline]
    pub(crate) fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
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
        if let Some(exchange) = this.exchange {
            exchange.enter();
        }
        let polled = this.inner.as_mut().poll_frame(cx);
        let Some(exchange) = this.exchange else {
            return polled;
        };
        let ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    exchange.missing.take(data.remaining());
                }
                // Trailers are the last frame: hyper doesn't ask for another one.
                frame.is_trailers() || this.inner.is_end_stream()
            }
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) => {
                exchange.fail();
                *this.exchange = None;
                return polled;
            }
        };
        if ended {
            exchange.end_body();
            *this.exchange = None;
        } else {
            exchange.leave_body();
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
