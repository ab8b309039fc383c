//! Connections that turn into something else: a request no longer than their handshake.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::Gateway;

/// Echoes what comes over the upgraded connection.
async fn echo(request: Request) -> Response {
    let connect = request.method() == "CONNECT";
    tokio::spawn(async move {
        let mut tunnel = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        let mut word = [0; 4];
        while tunnel.read_exact(&mut word).await.is_ok() {
            tunnel.write_all(&word).await.unwrap();
        }
    });
    if connect {
        return StatusCode::OK.into_response();
    }
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

#[tokio::test]
async fn an_upgrade_is_counted_while_its_connection_lives_on() {
    let gateway = Gateway::start(|layer| Router::new().route("/", get(echo)).layer(layer)).await;
    let mut client = gateway.send_with("GET /", "Connection: upgrade\r\nUpgrade: echo\r\n").await;
    let head = client.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    gateway.assert_counted(&["GET 101 none 1"]).await;

    client.write("ping").await;
    client.read_until("ping").await;
    drop(client);
    gateway.assert_counted(&["GET 101 none 1"]).await;
}

#[tokio::test]
async fn a_tunnel_is_counted_while_it_lives_on() {
    let gateway = Gateway::start(|layer| Router::new().fallback(echo).layer(layer)).await;
    let mut client = gateway.send("CONNECT upstream:443").await;
    let head = client.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    gateway.assert_counted(&["CONNECT 200 none 1"]).await;

    client.write("ping").await;
    client.read_until("ping").await;
    drop(client);
    gateway.assert_counted(&["CONNECT 200 none 1"]).await;
}

#[tokio::test]
async fn an_upgrade_with_a_body_that_nobody_reads() {
    let gateway = Gateway::start(|layer| {
        let handler = async || (StatusCode::SWITCHING_PROTOCOLS, Body::from("unread"));
        Router::new().route("/", get(handler)).layer(layer)
    })
    .await;
    let head = gateway
        .send_with("GET /", "Connection: upgrade\r\nUpgrade: echo\r\n")
        .await
        .read_until("\r\n\r\n")
        .await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    gateway.assert_counted(&["GET 101 none 1"]).await;
}
