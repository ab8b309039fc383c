//! A server on a socket, a client that can disconnect at any byte, and the content of the page.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer};
use caracal_metrics_core::MetricsRegistry;
use futures_util::{StreamExt, stream};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

/// Ends a test that would hang. It is far longer than any machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("nothing happened before the deadline")
}

/// Enables all options, in a way that does not change what the tests count.
macro_rules! with_all {
    ($layer:expr) => {
        $layer
            .ignore(["/ignored", "/ignored/{*path}"])
            .group("grouped", ["/grouped/{*path}"])
            .streams(["/streamed"])
            .label("tenant", |request| {
                Some(request.headers.get("x-tenant")?.to_str().ok()?.to_owned())
            })
            .label("agent", |request| request.headers.contains_key("te").then_some("known"))
            .exemplar(|_| None)
            .body_sizes()
            .first_byte()
            .grpc()
    };
}

/// The layers that count requests, one of each kind, around the same service. Both must count the same.
pub(crate) type Counted = (GatewayMetricsLayer, HttpMetricsLayer);

/// Whether the layers have all options. The tests of `http` that are about the layers are also the tests of
/// `http_options`.
const ALL_OPTIONS: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"http_options");

pub(crate) fn counted_by(metrics: &MetricsRegistry) -> Counted {
    around(GatewayMetricsLayer::new(metrics), metrics)
}

/// The given layer, together with a layer of the other kind.
pub(crate) fn around(layer: GatewayMetricsLayer, metrics: &MetricsRegistry) -> Counted {
    let http = HttpMetricsLayer::new(metrics);
    if ALL_OPTIONS { (with_all!(layer.by_route()), with_all!(http)) } else { (layer, http) }
}

/// A server whose requests are counted.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: MetricsRegistry,
}

impl Gateway {
    pub(crate) async fn start(app: impl FnOnce(Counted) -> Router) -> Self {
        Self::start_with(|metrics| app(counted_by(metrics))).await
    }

    pub(crate) async fn start_with(app: impl FnOnce(&MetricsRegistry) -> Router) -> Self {
        let metrics = MetricsRegistry::new();
        let app = app(&metrics);
        Self::start_of(metrics, app).await
    }

    pub(crate) async fn start_of(metrics: MetricsRegistry, app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, metrics }
    }

    /// A server without axum's router: hyper directly on a tower service.
    pub(crate) async fn start_plain<S, B>(service: impl FnOnce(Counted) -> S) -> Self
    where
        S: Service<hyper::Request<hyper::body::Incoming>, Response = hyper::Response<B>>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: hyper::body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let metrics = MetricsRegistry::new();
        let service = service(counted_by(&metrics));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = TowerToHyperService::new(service.clone());
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades(),
                );
            }
        });
        Self { address, metrics }
    }

    /// Sends a request without a body.
    pub(crate) async fn send(&self, line: &str) -> Client {
        self.send_with(line, "").await
    }

    /// Sends the head of a request, with headers that each end in a line break.
    pub(crate) async fn send_with(&self, line: &str, headers: &str) -> Client {
        let mut client = Client(TcpStream::connect(self.address).await.unwrap());
        client.write(&format!("{line} HTTP/1.1\r\nHost: gateway\r\n{headers}\r\n")).await;
        client
    }

    /// Sends a request and returns everything that the server answers.
    pub(crate) async fn ask(&self, line: &str) -> String {
        self.ask_with(line, "").await
    }

    pub(crate) async fn ask_with(&self, line: &str, headers: &str) -> String {
        let headers = format!("Connection: close\r\n{headers}");
        self.send_with(line, &headers).await.rest().await
    }

    pub(crate) fn in_flight(&self) -> u64 {
        let in_flight = self.metrics.sample("caracal_gateway_requests_in_flight", &[]);
        number(&in_flight.unwrap().to_string())
    }

    pub(crate) async fn until_in_flight(&self, wanted: u64) {
        until(|| self.in_flight() == wanted, || self.summary()).await;
    }

    /// Waits until nothing is in flight, and asserts that exactly these requests were counted: `"GET 200
    /// none 1"` is one GET with status 200 and no known authentication.
    pub(crate) async fn assert_counted(&self, expected: &[&str]) {
        let last = |line: &str| number(line.rsplit(' ').next().unwrap());
        let wanted: u64 = expected.iter().map(|line| last(line)).sum();
        let requests = || self.samples("caracal_gateway_requests_total{");
        until(
            || {
                self.in_flight() == 0
                    && requests().iter().map(|line| last(line)).sum::<u64>() >= wanted
            },
            || self.summary(),
        )
        .await;
        assert_eq!(requests(), expected);

        let mut durations = Vec::new();
        for line in expected {
            let [method, status, _, count] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("not a request: {line}");
            };
            durations.push(format!("{method} {status} {count}"));
        }
        assert_eq!(self.samples("caracal_gateway_request_duration_seconds_count{"), durations);
        assert_eq!(self.counted_by_http(), durations);
        for gauge in ["http_server_active_requests", "http_server_streams_open"] {
            let active = self.samples(gauge);
            assert!(active.iter().all(|line| line.rsplit(' ').next() == Some("0")), "{active:?}");
        }
        if ALL_OPTIONS {
            self.assert_options_agree(expected.iter().copied().map(last).sum());
        }
    }

    /// Asserts that the families of the options agree with those that are always counted.
    fn assert_options_agree(&self, requests: u64) {
        let sum = |name: &str| {
            let values = labelled(&self.metrics, name).into_iter();
            // The sum of a histogram of floating-point numbers is written with a fraction of zero.
            values.map(|(_, value)| number(value.trim_end_matches(".0"))).sum::<u64>()
        };
        assert_eq!(sum("caracal_gateway_route_requests_total"), requests);
        assert_eq!(sum("caracal_gateway_route_request_duration_seconds_count"), requests);
        // Not all requests have a response head.
        let heads = sum("caracal_gateway_request_first_byte_seconds_count");
        assert!(heads <= requests, "{heads}");
        for same in [
            "caracal_gateway_response_body_size_bytes_count",
            "http_server_first_byte_seconds_count",
            "http_server_response_body_size_bytes_count",
        ] {
            assert_eq!(sum(same), heads, "{same}");
        }
        let bytes = "caracal_gateway_response_body_size_bytes_sum";
        assert_eq!(sum("http_server_response_body_size_bytes_sum"), sum(bytes));
    }

    /// The counts of the layer of the other kind, converted to those of the gateway: 499 if the client
    /// disconnected, 500 if the service failed.
    fn counted_by_http(&self) -> Vec<String> {
        let mut counted = BTreeMap::<_, u64>::new();
        for (labels, value) in labelled(&self.metrics, "http_server_request_duration_seconds_count")
        {
            let status = match labels.get("error_type").map(String::as_str) {
                Some("client_closed") => "499",
                Some("failed") => "500",
                Some(status) => {
                    assert_eq!(status, labels["http_response_status_code"]);
                    status
                }
                None => &labels["http_response_status_code"],
            };
            let method = labels["http_request_method"].trim_start_matches('_');
            *counted.entry(format!("{method} {status}")).or_default() += number(&value);
        }
        counted.into_iter().map(|(labels, count)| format!("{labels} {count}")).collect()
    }

    /// Waits until no stream is open, and asserts that exactly these streams ended: `"client 2"`.
    pub(crate) async fn assert_streams(&self, expected: &[&str]) {
        until(
            || self.open_streams() == 0 && self.ended() == expected,
            || format!("{:?}", self.ended()),
        )
        .await;
        assert_eq!(self.in_flight(), 0);
    }

    /// The number of open streams.
    pub(crate) fn open_streams(&self) -> u64 {
        let open = |name| -> u64 {
            self.samples(name).iter().map(|line| number(line.rsplit(' ').next().unwrap())).sum()
        };
        let (gateway, http) =
            (open("caracal_gateway_streams_open"), open("http_server_streams_open"));
        assert!(gateway.abs_diff(http) <= 1, "{gateway} and {http}");
        gateway.max(http)
    }

    /// How streams ended, according to both layers.
    fn ended(&self) -> Vec<String> {
        let ended = |name| {
            let mut ended = BTreeMap::<_, u64>::new();
            for (labels, value) in labelled(&self.metrics, name) {
                *ended.entry(labels["ended"].clone()).or_default() += number(&value);
            }
            ended.retain(|_, count| *count > 0);
            ended
        };
        let of_gateway = ended("caracal_gateway_stream_duration_seconds_count");
        if of_gateway != ended("http_server_stream_duration_seconds_count") {
            return vec!["the layers do not agree".to_owned()];
        }
        of_gateway.into_iter().map(|(how, count)| format!("{how} {count}")).collect()
    }

    pub(crate) fn samples(&self, start: &str) -> Vec<String> {
        samples(&self.metrics, start)
    }

    fn summary(&self) -> String {
        let requests = self.samples("caracal_gateway_requests_total{");
        format!("in flight {}, counted {requests:?}", self.in_flight())
    }
}

/// The samples that start with this text, as their label values and the value, sorted.
pub(crate) fn samples(metrics: &MetricsRegistry, start: &str) -> Vec<String> {
    let mut samples: Vec<_> = (page(metrics).lines())
        .filter(|line| line.starts_with(start))
        .map(|line| {
            let labels = line.split('"').skip(1).step_by(2);
            let value = line.rsplit(' ').next();
            labels.chain(value).collect::<Vec<_>>().join(" ")
        })
        .collect();
    samples.sort();
    samples
}

/// The samples of this name, as their labels by name, and the value.
pub(crate) fn labelled(
    metrics: &MetricsRegistry,
    name: &str,
) -> Vec<(BTreeMap<String, String>, String)> {
    let page = page(metrics);
    let samples = page.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    samples
        .map(|sample| {
            let (labels, value) = sample.rsplit_once("} ").expect("labels and a value");
            let pairs = labels.split_terminator("\",").map(|pair| {
                let (name, value) = pair.trim_end_matches('"').split_once("=\"").expect("a pair");
                (name.to_owned(), value.to_owned())
            });
            (pairs.collect(), value.to_owned())
        })
        .collect()
}

fn page(metrics: &MetricsRegistry) -> String {
    String::from_utf8(metrics.generate_metrics()).unwrap()
}

fn number(text: &str) -> u64 {
    text.parse().expect("a whole number")
}

/// Checks the condition repeatedly until it is true.
pub(crate) async fn until(condition: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "never so:\n{}", otherwise());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// One connection. Dropping it closes the socket.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn write(&mut self, text: &str) {
        within(self.0.write_all(text.as_bytes())).await.unwrap();
    }

    /// Reads up to and including this text.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = within(self.0.read_u8()).await;
            text.push(byte.unwrap_or_else(|e| panic!("{e} after {text:?}")).into());
        }
        text
    }

    /// Reads until the server closes the connection, cleanly or not.
    pub(crate) async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        // A reset after the last byte is an acceptable end here.
        let _ = within(self.0.read_to_end(&mut bytes)).await;
        String::from_utf8(bytes).unwrap()
    }
}

/// A body that sends this text and then nothing, not even its end.
pub(crate) fn stalled(first: &'static str) -> Body {
    let first = stream::iter([Ok::<_, Infallible>(first)]);
    Body::from_stream(first.chain(stream::pending()))
}

/// A handler that never answers.
pub(crate) async fn never() -> Response {
    std::future::pending().await
}
