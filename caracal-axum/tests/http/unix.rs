//! The metrics on a Unix socket.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::{until, within};

fn endpoint() -> MetricsEndpoint {
    MetricsEndpoint::new(&MetricsRegistry::new())
}

/// The answer of the server to a scrape.
async fn scrape(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: metrics\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn serves_and_removes_its_file_when_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let server = endpoint().serve_unix(&path).await.unwrap();
    assert_eq!(server.path(), path);
    for _ in 0..2 {
        let answer = scrape(&path).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("caracal_gateway_requests_in_flight 0"), "{answer}");
    }
    within(server.shutdown()).await.unwrap();
    assert!(!path.exists());

    let server = endpoint().serve_unix(&path).await.unwrap();
    drop(server);
    until(|| !path.exists(), || "the file is still there".to_owned()).await;
}

/// As on a port, a client that only connects makes room for a scraper, and is closed after some time.
#[tokio::test]
async fn the_limits_are_those_of_a_port() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let server = endpoint()
        .server()
        .max_connections(1)
        .header_timeout(Duration::from_secs(3_600))
        .serve_unix(&path)
        .await
        .unwrap();
    let mut idle = UnixStream::connect(&path).await.unwrap();
    let answer = scrape(&path).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(within(idle.read(&mut [0])).await.unwrap(), 0, "it was closed");
    within(server.shutdown()).await.unwrap();

    let timeout = Duration::from_millis(1);
    let server = endpoint().server().header_timeout(timeout).serve_unix(&path).await.unwrap();
    let mut idle = UnixStream::connect(&path).await.unwrap();
    assert_eq!(within(idle.read(&mut [0])).await.unwrap(), 0, "it was closed");
    within(server.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the file of a process that was killed");
    let server = endpoint().serve_unix(&path).await.unwrap();
    assert!(scrape(&path).await.starts_with("HTTP/1.1 200"));
    within(server.shutdown()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_stale_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let first = endpoint().serve_unix(&path).await.unwrap();
    let error = endpoint().serve_unix(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("metrics.sock: another process listens on it"), "{error}");
    assert!(scrape(&path).await.starts_with("HTTP/1.1 200"));

    let file = directory.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    let error = endpoint().serve_unix(&file).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("notes.txt: a file with this name exists"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    let nowhere = directory.path().join("no such directory").join("metrics.sock");
    let error = endpoint().serve_unix(&nowhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no such directory"), "{error}");

    // Another process may have taken the path in the meantime.
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    within(first.shutdown()).await.unwrap();
    assert!(path.exists(), "its file is not ours to remove");
}
