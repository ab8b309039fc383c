//! The future of a response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::exchange::Exchange;
use crate::recording::{Gateway, Recording};

pin_project! {
    /// The future of [`MetricsService`](crate::MetricsService).
    #[derive(Debug)]
    pub struct ResponseFuture<F, R = Gateway>
    where
        R: Recording,
    {
        #[pin]
        pub(crate) inner: F,
        // Moves into the body with the response.
        pub(crate) exchange: Option<Box<Exchange<R>>>,
    }
}

impl<F, R, B, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    R: Recording,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B, R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(exchange) = this.exchange {
            exchange.enter();
        }
        let mut polled = this.inner.poll(cx);
        // `None` only if the future is polled again after the response. Then there is nothing left to count.
        if let Some(exchange) = this.exchange {
            if let Poll::Ready(Ok(response)) = &polled
                && exchange.read(response)
            {
                polled = polled.map_ok(|response| exchange.read_response(response));
            }
            match &polled {
                Poll::Pending => exchange.leave(),
                Poll::Ready(Ok(response)) => {
                    if exchange.bodiless(response.status()) {
                        if let Some(exchange) = this.exchange.take() {
                            exchange.end_head(response);
                        }
                    } else {
                        exchange.begin_body(response);
                    }
                }
                Poll::Ready(Err(_)) => {
                    exchange.fail();
                    *this.exchange = None;
                }
            }
        }
        // The response is large. Without a classifier, it is moved only once and read in place.
        polled.map_ok(|response| response.map(|body| ResponseBody::new(body, this.exchange.take())))
    }
}
