//! The service that a layer makes.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::exchange::Exchange;
use crate::future::ResponseFuture;
use crate::recording::{Gateway, Http, Recording};
use crate::shared::Shared;

/// Made by a [`MetricsLayer`](crate::MetricsLayer).
#[derive(Debug)]
pub struct MetricsService<S, R> {
    inner: S,
    shared: Arc<Shared<R>>,
}

/// Made by [`GatewayMetricsLayer`](crate::GatewayMetricsLayer).
pub type GatewayMetricsService<S> = MetricsService<S, Gateway>;

/// Made by [`HttpMetricsLayer`](crate::HttpMetricsLayer).
pub type HttpMetricsService<S> = MetricsService<S, Http>;

impl<S: Clone, R> Clone for MetricsService<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<S, R> MetricsService<S, R> {
    pub(crate) fn new(inner: S, shared: Arc<Shared<R>>) -> Self {
        Self { inner, shared }
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for MetricsService<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: Recording,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut exchange = Exchange::begin(&self.shared, &request);
        if self.shared.recording.reads_requests() {
            // A call of its own: see `read_request`.
            let request = exchange.read_request(request);
            return ResponseFuture { inner: self.inner.call(request), exchange: Some(exchange) };
        }
        ResponseFuture { inner: self.inner.call(request), exchange: Some(exchange) }
    }
}
