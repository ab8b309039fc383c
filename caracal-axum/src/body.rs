//! The body of a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::exchange::Exchange;
use crate::recording::{Gateway, Recording};

pin_project! {
    /// The body of a response that went through a [`MetricsService`](crate::MetricsService).
    #[derive(Debug)]
    pub struct ResponseBody<B, R = Gateway>
    where
        B: Body,
        R: Recording,
    {
        #[pin]
        inner: B,
        exchange: Option<Box<Exchange<R>>>,
    }

    impl<B, R> PinnedDrop for ResponseBody<B, R>
    where
        B: Body,
        R: Recording,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(exchange) = this.exchange {
                // The body may have ended since its last frame, and the server may have seen it. An example
                // is the body of another server's response whose stream was closed in the meantime.
                if exchange.waits() && this.inner.is_end_stream() {
                    exchange.end_body();
                }
            }
        }
    }
}

impl<B: Body, R: Recording> ResponseBody<B, R> {
    #[inline]
    pub(crate) fn new(inner: B, exchange: Option<Box<Exchange<R>>>) -> Self {
        Self { inner, exchange }
    }
}

impl<B: Body + Default, R: Recording> Default for ResponseBody<B, R> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: Body, R: Recording> Body for ResponseBody<B, R> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
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
                    exchange.handed_over(data.remaining());
                }
                // Trailers are the last frame. hyper does not ask for another one.
                match frame.trailers_ref() {
                    Some(trailers) => {
                        exchange.read_trailers(trailers);
                        true
                    }
                    None => this.inner.is_end_stream(),
                }
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
