//! The layer driven by hand, for cases that a socket can't produce.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::{Request, Response};
use caracal_axum::GatewayMetricsLayer;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tower::{Layer, Service, ServiceExt};

use super::support::samples;

/// Returns five bytes and then waits. Whether it has ended changes without a poll.
#[derive(Clone, Default)]
struct Fickle {
    given: bool,
    ended: Arc<AtomicBool>,
    size: SizeHint,
    panics: bool,
}

impl Body for Fickle {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        assert!(!self.panics, "the body panics");
        if self.ended.load(Relaxed) {
            return Poll::Ready(None);
        }
        if std::mem::replace(&mut self.given, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"first")))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended.load(Relaxed)
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

fn answering<B: Body + Clone + 'static>(
    metrics: &MetricsRegistry,
    body: B,
) -> impl Service<
    Request<()>,
    Response = Response<impl Body<Data = B::Data, Error = B::Error>>,
    Error = Infallible,
> {
    let service = move |_| std::future::ready(Ok(Response::new(body.clone())));
    GatewayMetricsLayer::new(metrics).layer(tower::service_fn(service))
}

fn counted(metrics: &MetricsRegistry) -> Vec<String> {
    samples(metrics, "caracal_gateway_requests_total{")
}

fn in_flight(metrics: &MetricsRegistry) -> Option<f64> {
    metrics.sample("caracal_gateway_requests_in_flight", &[])
}

#[test]
fn a_request_that_nobody_polls() {
    let metrics = MetricsRegistry::new();
    let mut service = answering(&metrics, String::new());
    let response = service.call(Request::new(()));
    assert_eq!(in_flight(&metrics), Some(1.0));
    drop(response);
    assert_eq!(in_flight(&metrics), Some(0.0));
    assert_eq!(counted(&metrics), ["GET 499 none 1"]);
}

/// The server saw the end after our last poll. Streams that hyper's client reads end in this way.
#[test]
fn a_body_that_ended_since_its_last_frame() {
    let metrics = MetricsRegistry::new();
    let body = Fickle::default();
    let ended = Arc::clone(&body.ended);
    let response = answering(&metrics, body).oneshot(Request::new(()));
    let mut response = response.now_or_never().unwrap().unwrap();
    response.body_mut().frame().now_or_never().unwrap();
    ended.store(true, Relaxed);
    assert!(response.body().is_end_stream());
    assert_eq!(in_flight(&metrics), Some(1.0));
    drop(response);
    assert_eq!(counted(&metrics), ["GET 200 none 1"]);
}

#[test]
fn a_body_whose_announced_bytes_were_all_taken() {
    for (size, status) in [(5, 200), (6, 499)] {
        let metrics = MetricsRegistry::new();
        let body = Fickle { size: SizeHint::with_exact(size), ..Fickle::default() };
        let response = answering(&metrics, body).oneshot(Request::new(()));
        let mut response = response.now_or_never().unwrap().unwrap();
        response.body_mut().frame().now_or_never().unwrap();
        drop(response);
        assert_eq!(counted(&metrics), [format!("GET {status} none 1")]);
    }
}

#[test]
fn a_body_polled_after_its_end() {
    let metrics = MetricsRegistry::new();
    let response = answering(&metrics, "whole".to_owned()).oneshot(Request::new(()));
    let mut body = pin!(response.now_or_never().unwrap().unwrap().into_body());
    for _ in 0..3 {
        body.frame().now_or_never().unwrap();
        assert_eq!(in_flight(&metrics), Some(0.0));
        assert_eq!(counted(&metrics), ["GET 200 none 1"]);
    }
}

/// The code that catches the panic drops the body when the panic is over.
#[test]
fn a_panic_of_the_body_caught_outside() {
    let metrics = MetricsRegistry::new();
    let body = Fickle { panics: true, ..Fickle::default() };
    let response = answering(&metrics, body).oneshot(Request::new(()));
    let mut response = response.now_or_never().unwrap().unwrap();
    let frame = AssertUnwindSafe(response.body_mut().frame()).catch_unwind();
    assert!(frame.now_or_never().unwrap().is_err());
    drop(response);
    assert_eq!(counted(&metrics), ["GET 500 none 1"]);
}

#[test]
fn it_adds_no_bytes_and_hides_no_size() {
    let metrics = MetricsRegistry::new();
    let response = answering(&metrics, "whole".to_owned()).oneshot(Request::new(()));
    let body = response.now_or_never().unwrap().unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    assert_eq!(bytes, "whole");
}
