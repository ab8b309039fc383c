//! The metrics on a separate port.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Gateway, until, within};
use crate::collectors::{Gate, long_page};

fn client(address: SocketAddr, metrics: &MetricsRegistry) -> Gateway {
    Gateway { address, metrics: metrics.clone() }
}

#[tokio::test]
async fn serves_until_it_is_shut_down() {
    let metrics = MetricsRegistry::new();
    let gate = Gate::register(&metrics);
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let client = client(address, &metrics);
    let scrape = client.send_with("GET /metrics", "Connection: close\r\n").await;
    gate.entered(1).await;

    let shutdown = tokio::spawn(server.shutdown());
    // The server accepts no more connections, but still answers the one that it has.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    gate.open();
    assert!(scrape.rest().await.starts_with("HTTP/1.1 200"));
    within(shutdown).await.unwrap().unwrap();
}

/// Everything that the server sends until it closes the connection, cleanly or not.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    bytes
}

#[tokio::test]
async fn half_a_request_does_not_keep_it() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let client = client(server.local_addr(), &metrics);
    let mut half = TcpStream::connect(server.local_addr()).await.unwrap();
    half.write_all(b"GET /metrics HTTP/1.1\r\nHost: metrics\r\n").await.unwrap();
    // Connections are served in turn. When this one has been answered, the other one has been read.
    assert!(client.ask("GET /metrics").await.starts_with("HTTP/1.1 200"));
    // The clock jumps to the next time for which anything waits.
    tokio::time::pause();
    within(server.shutdown()).await.unwrap();
    tokio::time::resume();

    // The second half comes too late.
    let _ = half.write_all(b"\r\n").await;
    let answer = rest(&mut half).await;
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn shutting_down_cuts_off_a_reader_that_stalls_and_says_so() {
    let metrics = MetricsRegistry::new();
    long_page(&metrics);
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let mut stalled = client(server.local_addr(), &metrics).send("GET /metrics").await;
    stalled.read_until("\r\n\r\n").await;
    tokio::time::pause();
    let error = within(server.shutdown()).await.unwrap_err();
    tokio::time::resume();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().ends_with("cut off: 1"), "{error}");
    assert!(stalled.rest().await.len() < metrics.generate_metrics().len());
    assert_eq!(metrics.sample("caracal_metrics_scrapes_in_flight", &[]), Some(0.0));
}

/// The number of these connections that the server has closed.
fn closed(connections: &[TcpStream]) -> usize {
    let is_closed = |stream: &&TcpStream| {
        let read = stream.try_read(&mut [0]);
        !read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    connections.iter().filter(is_closed).count()
}

/// The default maximum.
const CONNECTIONS: usize = 32;

#[tokio::test]
async fn idle_strangers_make_room() {
    let metrics = MetricsRegistry::new();
    let server =
        MetricsEndpoint::new(&metrics).bearer_token("secret").serve("127.0.0.1:0").await.unwrap();
    let mut strangers = Vec::new();
    for n in 0..3 * CONNECTIONS {
        let mut stranger = TcpStream::connect(server.local_addr()).await.unwrap();
        // Half of them send the head of a request byte by byte.
        stranger.write_all(&b"G"[..n % 2]).await.unwrap();
        strangers.push(stranger);
    }
    let scrape = client(server.local_addr(), &metrics);
    let answer = scrape.ask_with("GET /metrics", "Authorization: Bearer secret\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    until(
        || closed(&strangers) >= strangers.len() - CONNECTIONS,
        || format!("{} are closed", closed(&strangers)),
    )
    .await;
    let displaced = metrics
        .sample("caracal_metrics_server_connections_closed_total", &[("reason", "displaced")]);
    assert!(displaced >= Some(2.0 * CONNECTIONS as f64), "{displaced:?}");
}

#[tokio::test]
async fn stalled_readers_make_room() {
    let metrics = MetricsRegistry::new();
    long_page(&metrics);
    let connections = 4;
    let server = MetricsEndpoint::new(&metrics)
        .server()
        .max_connections(connections)
        .serve("127.0.0.1:0")
        .await
        .unwrap();
    let scrape = client(server.local_addr(), &metrics);
    let mut stalled = Vec::new();
    for _ in 0..2 * connections {
        let mut client = scrape.send("GET /metrics").await;
        client.read_until("\r\n\r\n").await;
        stalled.push(client);
    }
    let answer = scrape.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..200]);
    let given_up =
        metrics.sample("caracal_metrics_scrapes_given_up_total", &[("reason", "displaced")]);
    assert!(given_up > Some(connections as f64), "{given_up:?}");
}

#[tokio::test]
async fn the_head_of_a_request_has_a_time_limit() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let mut slow = TcpStream::connect(server.local_addr()).await.unwrap();
    slow.write_all(b"GET /metrics").await.unwrap();
    assert!(client(server.local_addr(), &metrics).ask("GET /").await.contains("404"));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    assert!(!rest(&mut slow).await.starts_with(b"HTTP/1.1 200"));
    let timed_out = || {
        metrics.sample("caracal_metrics_server_connections_closed_total", &[("reason", "timeout")])
    };
    until(|| timed_out() == Some(1.0), || format!("{:?}", timed_out())).await;
}

/// Many more connections than the maximum.
#[tokio::test]
async fn scrapers_that_come_at_once_are_all_answered() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics)
        .server()
        .max_connections(4)
        .serve("127.0.0.1:0")
        .await
        .unwrap();
    let client = client(server.local_addr(), &metrics);
    for answer in join_all((0..100).map(|_| client.ask("GET /metrics"))).await {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    within(server.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_connection_serves_one_request() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let client = client(server.local_addr(), &metrics);
    let answer = client.send("GET /metrics").await.rest().await;
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    // A body that never ends does not keep the connection open either.
    let half = "Content-Length: 1000\r\n";
    let answer = client.send_with("POST /metrics", half).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test]
async fn a_host_name_is_resolved() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("localhost:0").await.unwrap();
    assert!(server.local_addr().ip().is_loopback());
    let error = MetricsEndpoint::new(&metrics).serve("no port").await.unwrap_err();
    assert!(error.to_string().contains("\"no port\""), "{error}");
}

/// These tests enable HTTP/2 in hyper, as another crate of a service may do.
#[tokio::test]
async fn http2_is_not_spoken() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
}

#[tokio::test]
async fn stops_when_it_is_dropped() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let answer = client(address, &metrics).ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = client(address, &metrics).ask("GET /").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    drop(server);
    let free = || std::net::TcpListener::bind(address).is_ok();
    until(free, || "the port is still taken".to_owned()).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let second = MetricsEndpoint::new(&metrics).serve(server.local_addr()).await;
    let error = second.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&server.local_addr().to_string()), "{error}");
}
