//! The service that the layer makes.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::exchange::Exchange;
use crate::future::ResponseFuture;
use crate::settings::Settings;

/// Made by [`GatewayMetricsLayer`](crate::GatewayMetricsLayer).
#[derive(Clone, Debug)]
pub struct GatewayMetricsService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> GatewayMetricsService<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for GatewayMetricsService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut exchange = Exchange::begin(&self.settings, &request);
        if self.settings.by_request.is_some() {
            // A call of its own: see `classify_request`.
            let request = exchange.classify_request(request);
            return ResponseFuture { inner: self.inner.call(request), exchange: Some(exchange) };
        }
        ResponseFuture { inner: self.inner.call(request), exchange: Some(exchange) }
    }
}
