//! gRPC calls from a tonic client to a tonic service.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use bytes::{Buf, BufMut};
use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer};
use futures_util::future::{BoxFuture, Ready, ready};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use http::uri::PathAndQuery;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::Service;

use crate::support::{Gateway, until, within};

/// Messages are plain bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

type Messages = BoxStream<'static, Result<Vec<u8>, Status>>;

/// The result that the message asks for, as the number of a code.
fn answer(request: tonic::Request<Vec<u8>>) -> Result<(), Status> {
    match Code::from(i32::from(request.into_inner()[0])) {
        Code::Ok => Ok(()),
        code => Err(Status::new(code, "as asked for")),
    }
}

/// Answers with one message.
struct Once;

impl UnaryService<Vec<u8>> for Once {
    type Response = Vec<u8>;
    type Future = Ready<Result<tonic::Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: tonic::Request<Vec<u8>>) -> Self::Future {
        ready(answer(request).map(|()| tonic::Response::new(b"message".to_vec())))
    }
}

/// Answers with a stream: with an error in its head, with an error after a message, or without an end.
enum Stream {
    InHead,
    Behind,
    Endless,
}

impl ServerStreamingService<Vec<u8>> for Stream {
    type Response = Vec<u8>;
    type ResponseStream = Messages;
    type Future = Ready<Result<tonic::Response<Messages>, Status>>;

    fn call(&mut self, request: tonic::Request<Vec<u8>>) -> Self::Future {
        let answer = answer(request);
        let message = stream::iter([Ok(b"message".to_vec())]);
        ready(match self {
            Self::InHead => answer.map(|()| tonic::Response::new(message.boxed())),
            Self::Behind => {
                let behind = stream::iter(answer.err().map(Err));
                Ok(tonic::Response::new(message.chain(behind).boxed()))
            }
            Self::Endless => Ok(tonic::Response::new(message.chain(stream::pending()).boxed())),
        })
    }
}

/// The equivalent of a generated server.
#[derive(Clone, Copy)]
struct Echo;

impl Service<Request<Body>> for Echo {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(Bytes);
        async move {
            let path = request.uri().path().to_owned();
            Ok(match path.rsplit('/').next().unwrap() {
                "Once" => grpc.unary(Once, request).await,
                "InHead" => grpc.server_streaming(Stream::InHead, request).await,
                "Behind" => grpc.server_streaming(Stream::Behind, request).await,
                "Endless" => grpc.server_streaming(Stream::Endless, request).await,
                "Panic" => panic!("the service panics"),
                _ => Status::unimplemented("no such method").into_http(),
            })
        }
        .boxed()
    }
}

/// A service with both layers, and a client for it.
async fn start() -> (Gateway, tonic::client::Grpc<Channel>) {
    let gateway = Gateway::start_with(|metrics| {
        Router::new()
            .route_service("/test.Echo/{method}", Echo)
            .fallback_service(Echo)
            .layer(GatewayMetricsLayer::new(metrics).grpc())
            .layer(HttpMetricsLayer::new(metrics).grpc())
    })
    .await;
    let endpoint = Endpoint::from_shared(format!("http://{}", gateway.address)).unwrap();
    let client = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    (gateway, client)
}

async fn call(client: &mut tonic::client::Grpc<Channel>, path: &'static str, code: Code) -> Code {
    client.ready().await.unwrap();
    let (request, path) = (vec![code as u8], PathAndQuery::from_static(path));
    if path.as_str().ends_with("/Once") || !path.as_str().starts_with("/test.Echo/") {
        let answer = client.unary(tonic::Request::new(request), path, Bytes).await;
        return answer.map_or_else(|status| status.code(), |_| Code::Ok);
    }
    match client.server_streaming(tonic::Request::new(request), path, Bytes).await {
        Err(status) => status.code(),
        Ok(answer) => {
            let mut messages = answer.into_inner();
            assert_eq!(messages.next().await.unwrap().unwrap(), b"message");
            messages.next().await.map_or(Code::Ok, |end| end.unwrap_err().code())
        }
    }
}

/// The series of a family and their values.
fn series(gateway: &Gateway, family: &str) -> BTreeMap<String, u64> {
    let page = String::from_utf8(gateway.metrics.generate_metrics()).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix(family)?.rsplit_once(' '));
    lines.map(|(labels, number)| (labels.to_owned(), number.parse().unwrap())).collect()
}

fn calls(gateway: &Gateway) -> BTreeMap<String, u64> {
    let calls = series(gateway, "caracal_gateway_grpc_requests_total");
    assert_eq!(series(gateway, "http_server_grpc_requests_total"), calls);
    calls
}

/// The number of requests by status, from both layers.
fn statuses(gateway: &Gateway) -> [BTreeMap<String, u64>; 2] {
    let families = [
        ("caracal_gateway_requests_total", "status_code"),
        ("http_server_request_duration_seconds_count", "http_response_status_code"),
    ];
    families.map(|(family, label)| {
        let mut statuses = BTreeMap::new();
        for (labels, number) in series(gateway, family) {
            let status = labels.split_once(&format!("{label}=\"")).map_or("", |(_, rest)| rest);
            let status = status.split('"').next().unwrap();
            *statuses.entry(status.to_owned()).or_default() += number;
        }
        statuses
    })
}

async fn until_counted(gateway: &Gateway, number: u64) {
    until(
        || calls(gateway).values().sum::<u64>() == number && gateway.in_flight() == 0,
        || format!("{:?}", calls(gateway)),
    )
    .await;
}

const CODES: [(Code, &str, bool); 17] = [
    (Code::Ok, "ok", false),
    (Code::Cancelled, "cancelled", false),
    (Code::Unknown, "unknown", true),
    (Code::InvalidArgument, "invalid_argument", false),
    (Code::DeadlineExceeded, "deadline_exceeded", true),
    (Code::NotFound, "not_found", false),
    (Code::AlreadyExists, "already_exists", false),
    (Code::PermissionDenied, "permission_denied", false),
    (Code::ResourceExhausted, "resource_exhausted", false),
    (Code::FailedPrecondition, "failed_precondition", false),
    (Code::Aborted, "aborted", false),
    (Code::OutOfRange, "out_of_range", false),
    (Code::Unimplemented, "unimplemented", true),
    (Code::Internal, "internal", true),
    (Code::Unavailable, "unavailable", true),
    (Code::DataLoss, "data_loss", true),
    (Code::Unauthenticated, "unauthenticated", false),
];

#[tokio::test]
async fn each_code_is_counted_wherever_it_is_said() {
    let (gateway, mut client) = start().await;
    let (mut expected, mut errors) = (BTreeMap::new(), 0);
    for (code, name, is_error) in CODES {
        for (path, method) in [
            ("/test.Echo/Once", "Once"),
            ("/test.Echo/InHead", "InHead"),
            ("/test.Echo/Behind", "Behind"),
        ] {
            assert_eq!(within(call(&mut client, path, code)).await, code, "{method}");
            let labels =
                format!(r#"{{service="test.Echo",method="{method}",grpc_status="{name}"}}"#);
            expected.insert(labels, 1);
            errors += u64::from(is_error);
        }
    }
    until_counted(&gateway, 51).await;
    assert_eq!(calls(&gateway), expected);
    let wanted = BTreeMap::from([("200".to_owned(), 51 - errors), ("500".to_owned(), errors)]);
    assert_eq!(errors, 18);
    assert_eq!(statuses(&gateway), [wanted.clone(), wanted]);
}

#[tokio::test]
async fn a_call_whose_client_goes_away_is_cancelled_once() {
    let (gateway, mut client) = start().await;
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Echo/Endless");
    let answer = client.server_streaming(tonic::Request::new(vec![0]), path, Bytes).await.unwrap();
    let mut messages = answer.into_inner();
    assert_eq!(within(messages.next()).await.unwrap().unwrap(), b"message");
    gateway.until_in_flight(1).await;
    assert_eq!(calls(&gateway), BTreeMap::new(), "it has not ended");
    drop(messages);
    until_counted(&gateway, 1).await;
    let labels = r#"{service="test.Echo",method="Endless",grpc_status="cancelled"}"#;
    assert_eq!(calls(&gateway), BTreeMap::from([(labels.to_owned(), 1)]));
    let [of_gateway, _] = statuses(&gateway);
    assert_eq!(of_gateway, BTreeMap::from([("499".to_owned(), 1)]));
}

/// All families count its request in the same way: by its head, which came before the failure.
#[tokio::test]
async fn a_stream_that_fails_keeps_the_status_of_its_head() {
    let gateway = Gateway::start_with(|metrics| {
        let layer = HttpMetricsLayer::new(metrics).grpc().streams(["/test.Echo/{method}"]);
        let gateway = GatewayMetricsLayer::new(metrics).grpc().streams(["/test.Echo/{method}"]);
        Router::new()
            .route_service("/test.Echo/{method}", Echo)
            .layer((gateway, layer.body_sizes()))
    })
    .await;
    let endpoint = Endpoint::from_shared(format!("http://{}", gateway.address)).unwrap();
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    let code = within(call(&mut client, "/test.Echo/Behind", Code::Internal)).await;
    assert_eq!(code, Code::Internal);
    until_counted(&gateway, 1).await;
    let [of_gateway, of_http] = statuses(&gateway);
    assert_eq!(of_gateway, BTreeMap::from([("200".to_owned(), 1)]));
    assert_eq!(of_http, of_gateway);
    let requests = series(&gateway, "http_server_request_duration_seconds_count");
    assert_eq!(series(&gateway, "http_server_response_body_size_bytes_count"), requests);
}

#[tokio::test]
async fn a_call_that_panics_is_internal() {
    let (gateway, mut client) = start().await;
    assert_ne!(within(call(&mut client, "/test.Echo/Panic", Code::Ok)).await, Code::Ok);
    until_counted(&gateway, 1).await;
    let labels = r#"{service="test.Echo",method="Panic",grpc_status="internal"}"#;
    assert_eq!(calls(&gateway), BTreeMap::from([(labels.to_owned(), 1)]));
    assert_eq!(statuses(&gateway)[0], BTreeMap::from([("500".to_owned(), 1)]));
}

/// A scanner that asks for services that do not exist creates no series.
#[tokio::test]
async fn calls_of_services_that_do_not_exist_are_one_series() {
    let (gateway, mut client) = start().await;
    for path in ["/no.Such/Service", "/other/One", "/"] {
        assert_eq!(within(call(&mut client, path, Code::Ok)).await, Code::Unimplemented);
    }
    until_counted(&gateway, 3).await;
    let labels = r#"{service="unmatched",method="unmatched",grpc_status="unimplemented"}"#;
    assert_eq!(calls(&gateway), BTreeMap::from([(labels.to_owned(), 3)]));
}

/// Requests over HTTP/1 with given content types and answers.
#[tokio::test]
async fn only_grpc_is_a_call_and_the_http_status_decides_where_no_code_is_said() {
    use axum::response::AppendHeaders;
    use axum::routing::get;

    let gateway = Gateway::start_with(|metrics| {
        let answer = async |headers: http::HeaderMap| {
            let number = |name| headers.get(name)?.to_str().ok()?.parse::<u16>().ok();
            let status = http::StatusCode::from_u16(number("x-http").unwrap_or(200)).unwrap();
            let code = headers.get("x-grpc").cloned();
            (status, AppendHeaders(code.map(|code| ("grpc-status", code))))
        };
        Router::new()
            .route("/a.B/C", get(answer))
            .layer(GatewayMetricsLayer::new(metrics).grpc())
            .layer(HttpMetricsLayer::new(metrics).grpc())
    })
    .await;
    for content_type in ["text/html", "application/grpc-web", "application/grpc-web+proto"] {
        gateway.ask_with("GET /a.B/C", &format!("Content-Type: {content_type}\r\n")).await;
    }
    gateway.ask("GET /a.B/C").await;
    gateway.until_in_flight(0).await;
    assert_eq!(calls(&gateway), BTreeMap::new());

    let mut expected = BTreeMap::new();
    let mut total = 0;
    for (says, status) in [
        ("x-http: 200", "unknown"),
        ("x-http: 400", "internal"),
        ("x-http: 401", "unauthenticated"),
        ("x-http: 403", "permission_denied"),
        ("x-http: 404", "unimplemented"),
        ("x-http: 418", "unknown"),
        ("x-http: 429", "unavailable"),
        ("x-http: 502", "unavailable"),
        ("x-http: 503", "unavailable"),
        ("x-http: 504", "unavailable"),
        ("x-grpc: 5", "not_found"),
        ("x-grpc: 17", "unknown"),
        ("x-grpc: nonsense", "unknown"),
    ] {
        for content_type in ["application/grpc", "application/grpc+proto", "application/grpc;v=1"] {
            let headers = format!("Content-Type: {content_type}\r\n{says}\r\n");
            gateway.ask_with("GET /a.B/C?query", &headers).await;
            let labels = format!(r#"{{service="a.B",method="C",grpc_status="{status}"}}"#);
            *expected.entry(labels).or_default() += 1;
            total += 1;
        }
    }
    until_counted(&gateway, total).await;
    assert_eq!(calls(&gateway), expected);
    // An HTTP error keeps its status. A 200 without a gRPC code is an error.
    let [of_gateway, _] = statuses(&gateway);
    assert_eq!(of_gateway["404"], 3);
    assert_eq!(of_gateway["500"], 9);
    assert_eq!(of_gateway["200"], 4 + 3);
}
