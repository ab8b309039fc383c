//! The service that a layer creates.

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

/// The service that a [`MetricsLayer`](crate::MetricsLayer) creates.
#[derive(Debug)]
pub struct MetricsService<S, R: Recording> {
    inner: S,
    shared: Arc<Shared<R>>,
}

/// The service that a [`GatewayMetricsLayer`](crate::GatewayMetricsLayer) creates.
pub type GatewayMetricsService<S> = MetricsService<S, Gateway>;

/// The service that an [`HttpMetricsLayer`](crate::HttpMetricsLayer) creates.
pub type HttpMetricsService<S> = MetricsService<S, Http>;

impl<S: Clone, R: Recording> Clone for MetricsService<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<S, R: Recording> MetricsService<S, R> {
    pub(crate) fn new(inner: S, shared: Arc<Shared<R>>) -> Self {
        Self { inner, shared }
    }

    /// Calls the service if the layer does more than count. Not inlined, because the request is large, and would
    /// also be moved when nothing more has to be done.
    #[inline(never)]
    fn admit<ReqBody: 'static>(&mut self, request: Request<ReqBody>) -> ResponseFuture<S::Future, R>
    where
        S: Service<Request<ReqBody>>,
    {
        let (request, exchange) = Exchange::admit(&self.shared, request);
        ResponseFuture { inner: self.inner.call(request), exchange }
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for MetricsService<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: Recording,
    // The bodies that can be counted are recognized by their type.
    ReqBody: 'static,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    // The request is large, and a call would move it once more.
    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if self.shared.admits {
            return self.admit(request);
        }
        let exchange = Some(Exchange::begin(&self.shared, &mut request));
        ResponseFuture { inner: self.inner.call(request), exchange }
    }
}
