//! The page on a separate port.

use std::io::{Read, Write};
use std::net::TcpStream;

use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::MetricsEndpoint;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    metrics.record_replay_block("nonce_reused");
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let scrape = move || {
        let mut connection = TcpStream::connect(address).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nhost: metrics\r\nconnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(scrape).await.unwrap();
    server.shutdown().await.unwrap();
    let series = "\ncaracal_gateway_replay_blocks_total{reason=\"nonce_reused\"} 1\n";
    assert!(answer.contains(series), "{answer}");
}
