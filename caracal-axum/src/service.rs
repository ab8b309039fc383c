//! The service that the layer makes.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::exchange::Exchange;
use crate::future::ResponseFuture;
use crate::layer::Settings;

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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let mut exchange = Exchange::begin(&self.settings, &request);
        if let Some(classify) = &self.settings.by_request {
            let (parts, body) = request.into_parts();
            exchange.set_auth_method(classify(&parts));
            request = Request::from_parts(parts, body);
        }
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}
