//! The same over HTTP/2, where an abort is a frame and many requests share a connection.

use std::convert::Infallible;
use std::net::Shutdown;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use axum::routing::get;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::support::{Gateway, never, stalled, within};

struct Http2 {
    gateway: Gateway,
    client: SendRequest<Body>,
    /// A second handle of the socket, because hyper keeps its own open while there are streams.
    socket: std::net::TcpStream,
}

impl Http2 {
    async fn start() -> Self {
        let app = |layer| {
            let trailers = async || {
                let data = Frame::data(Bytes::from_static(b"first"));
                let frames = [data, Frame::trailers(HeaderMap::new())];
                Body::new(StreamBody::new(stream::iter(frames.map(Ok::<_, Infallible>))))
            };
            Router::new()
                .route("/", get(async || "whole"))
                .route("/none", get(async || StatusCode::NO_CONTENT))
                .route("/never", get(never))
                .route("/stalled", get(async || stalled("first")))
                .route(
                    "/events",
                    get(async || ([(CONTENT_TYPE, "text/event-stream")], stalled("first"))),
                )
                .route("/trailers", get(trailers))
                .route(
                    "/few-events",
                    get(async move || ([(CONTENT_TYPE, "text/event-stream")], trailers().await)),
                )
                .route("/panic", get(async || -> () { panic!("the handler panics") }))
                .layer(layer)
        };
        let gateway = Gateway::start(app).await;
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let stream = stream.into_std().unwrap();
        let socket = stream.try_clone().unwrap();
        let stream = TokioIo::new(TcpStream::from_std(stream).unwrap());
        let (client, connection) = within(handshake(TokioExecutor::new(), stream)).await.unwrap();
        tokio::spawn(connection);
        Self { gateway, client, socket }
    }

    fn send(
        &self,
        method: Method,
        path: &str,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + Send + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://gateway{path}"))
            .body(Body::empty())
            .unwrap();
        self.client.clone().send_request(request)
    }

    async fn get(&self, path: &str) -> Response<Incoming> {
        within(self.send(Method::GET, path)).await.unwrap()
    }
}

#[tokio::test]
async fn responses_read_to_their_end() {
    let http2 = Http2::start().await;
    for path in ["/", "/none", "/trailers", "/nowhere"] {
        within(http2.get(path).await.collect()).await.unwrap();
    }
    let head = within(http2.send(Method::HEAD, "/")).await.unwrap();
    within(head.collect()).await.unwrap();
    http2
        .gateway
        .assert_counted(&["GET 200 none 2", "GET 204 none 1", "GET 404 none 1", "HEAD 200 none 1"])
        .await;
}

#[tokio::test]
async fn streams_that_are_reset() {
    let http2 = Http2::start().await;
    let never = tokio::spawn(http2.send(Method::GET, "/never"));
    http2.gateway.until_in_flight(1).await;
    let mut stalled = http2.get("/stalled").await;
    within(stalled.frame()).await.unwrap().unwrap();
    assert_eq!(http2.gateway.in_flight(), 2);
    never.abort();
    drop(stalled);
    http2.gateway.assert_counted(&["GET 499 none 2"]).await;
}

#[tokio::test]
async fn event_streams_that_are_reset_or_read_to_their_end() {
    let http2 = Http2::start().await;
    within(http2.get("/few-events").await.collect()).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = http2.get("/events").await;
        within(stream.frame()).await.unwrap().unwrap();
        streams.push(stream);
    }
    assert_eq!((http2.gateway.in_flight(), http2.gateway.open_streams()), (0, 3));
    drop(streams.pop());
    super::support::until(|| http2.gateway.open_streams() == 2, String::new).await;
    http2.socket.shutdown(Shutdown::Both).unwrap();
    http2.gateway.assert_streams(&["client 3", "completed 1"]).await;
    http2.gateway.assert_counted(&["GET 200 none 4"]).await;
}

#[tokio::test]
async fn a_connection_that_breaks_with_many_streams() {
    let http2 = Http2::start().await;
    let never: Vec<_> = (0..20).map(|_| tokio::spawn(http2.send(Method::GET, "/never"))).collect();
    let stalled = http2.get("/stalled").await;
    http2.gateway.until_in_flight(21).await;
    http2.socket.shutdown(Shutdown::Both).unwrap();
    http2.gateway.assert_counted(&["GET 499 none 21"]).await;
    drop((never, stalled));
}

#[tokio::test]
async fn a_panic_breaks_its_own_stream() {
    let http2 = Http2::start().await;
    assert!(within(http2.send(Method::GET, "/panic")).await.is_err());
    assert_eq!(http2.get("/none").await.status(), 204);
    http2.gateway.assert_counted(&["GET 204 none 1", "GET 500 none 1"]).await;
}
