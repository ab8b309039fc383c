//! The future of a response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::exchange::Exchange;

pin_project! {
    /// The future of [`GatewayMetricsService`](crate::GatewayMetricsService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Moves into the body with the response.
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, exchange: Exchange) -> Self {
        Self { inner, exchange: Some(exchange) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(exchange) = this.exchange {
            exchange.enter();
        }
        let Poll::Ready(result) = this.inner.poll(cx) else {
            if let Some(exchange) = this.exchange {
                exchange.leave();
            }
            return Poll::Pending;
        };
        // None only when polled again after the response: then there is nothing left to count.
        let Some(mut exchange) = this.exchange.take() else {
            return Poll::Ready(result.map(|response| response.map(ResponseBody::uncounted)));
        };
        match result {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                exchange.read(&parts);
                let body = ResponseBody::counted(body, &parts, exchange);
                Poll::Ready(Ok(Response::from_parts(parts, body)))
            }
            Err(error) => {
                exchange.fail();
                Poll::Ready(Err(error))
            }
        }
    }
}
