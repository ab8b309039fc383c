//! The metrics on a port of their own.

use std::io::ErrorKind;
use std::net::SocketAddr;

use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::collectors::Gate;
use crate::support::{Gateway, until, within};

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
    // Takes no more connections, and still answers the one that it has.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    gate.open();
    assert!(scrape.rest().await.starts_with("HTTP/1.1 200"));
    within(shutdown).await.unwrap().unwrap();
}

#[tokio::test]
async fn half_a_request_does_not_keep_it() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let client = client(server.local_addr(), &metrics);
    let mut half = TcpStream::connect(server.local_addr()).await.unwrap();
    half.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
    // Connections are served in turn: when this one was answered, the other one was read.
    assert!(client.ask("GET /metrics").await.starts_with("HTTP/1.1 200"));
    // From here on the clock jumps to the next time that anybody waits for.
    tokio::time::pause();
    within(server.shutdown()).await.unwrap();
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
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}
