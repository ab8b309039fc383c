//! Many clients of all kinds at once.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::{StreamExt, future, stream};
use tokio::sync::broadcast;

use super::support::{Gateway, never, stalled};

const EACH: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients() {
    let (open, _) = broadcast::channel::<()>(1);
    let gate = open.clone();
    let app = move |layer| {
        let slow = async move || {
            let mut opened = gate.subscribe();
            let last = stream::once(async move {
                let _ = opened.recv().await;
                Ok::<_, std::io::Error>(Bytes::from_static(b"last"))
            });
            Body::from_stream(stream::iter([Ok(Bytes::from_static(b"first"))]).chain(last))
        };
        Router::new()
            .route("/slow", get(slow))
            .route("/stalled", get(async || stalled("first")))
            .route("/never", get(never))
            .route("/panic", get(async || -> () { panic!("the handler panics") }))
            .layer(layer)
    };
    let gateway = &Gateway::start(app).await;
    let open_all = |line: &'static str, until: &'static str| async move {
        let clients = (0..EACH).map(async |_| {
            let mut client = gateway.send_with(line, "Connection: close\r\n").await;
            if !until.is_empty() {
                client.read_until(until).await;
            }
            client
        });
        future::join_all(clients).await
    };
    let (slow, stalled, never, panics) = tokio::join!(
        open_all("GET /slow", "first\r\n"),
        open_all("POST /stalled", ""),
        open_all("GET /never", ""),
        open_all("GET /panic", ""),
    );
    for client in stalled.into_iter().chain(panics) {
        client.rest().await;
    }
    let stalled = open_all("GET /stalled", "first\r\n").await;
    gateway.until_in_flight(3 * EACH as u64).await;

    drop(never);
    drop(stalled);
    gateway.until_in_flight(EACH as u64).await;
    open.send(()).unwrap();
    for client in slow {
        assert!(client.rest().await.ends_with("last\r\n0\r\n\r\n"));
    }
    gateway
        .assert_counted(&[
            "GET 200 none 250",
            "GET 499 none 500",
            "GET 500 none 250",
            "POST 405 none 250",
        ])
        .await;
}
