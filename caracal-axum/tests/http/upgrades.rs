//! Connections that are upgraded. Their request is no longer than the handshake.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use caracal_axum::OpenConnection;
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::connect_async;

use super::support::{Gateway, within};

/// Echoes everything that arrives over the upgraded connection.
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

/// A WebSocket that reports how its connection ends. It echoes messages, and some messages are commands.
async fn told(upgrade: WebSocketUpgrade) -> impl IntoResponse {
    let open = OpenConnection::new();
    let mark = open.mark();
    let upgraded = upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(Message::Text(text))) = socket.recv().await {
            match text.as_str() {
                "panic" => panic!("the socket panics"),
                "fail" => return open.fail(),
                "complete" => return open.complete(),
                _ => socket.send(Message::Text(text)).await.unwrap(),
            }
        }
    });
    (mark, upgraded)
}

#[tokio::test]
async fn a_websocket_is_an_open_stream_as_long_as_its_connection() {
    let app = |layer| Router::new().route("/socket", any(told)).layer(layer);
    let gateway = Gateway::start(app).await;
    let connect = async || {
        let url = format!("ws://{}/socket", gateway.address);
        let (mut socket, _) = within(connect_async(url)).await.unwrap();
        within(socket.send("ping".into())).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), "ping".into());
        socket
    };
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(connect().await);
    }
    assert_eq!((gateway.in_flight(), gateway.open_streams()), (0, 5));
    for word in ["panic", "fail", "complete"] {
        within(sockets.pop().unwrap().send(word.into())).await.unwrap();
    }
    // One client says that it closes the connection, and one just disconnects.
    within(sockets.pop().unwrap().close(None)).await.unwrap();
    drop(sockets);
    gateway.assert_streams(&["client 2", "completed 1", "error 2"]).await;
    gateway.assert_counted(&["GET 101 none 5"]).await;
}

/// The connection ends before the response passes the layer.
#[tokio::test]
async fn a_connection_that_ends_before_its_response() {
    let app = |layer| {
        let handler = async || {
            let open = OpenConnection::new();
            let mark = open.mark();
            open.fail();
            let headers = [(CONNECTION, "upgrade"), (UPGRADE, "echo")];
            (StatusCode::SWITCHING_PROTOCOLS, mark, headers)
        };
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let headers = "Connection: upgrade\r\nUpgrade: echo\r\n";
    gateway.send_with("GET /", headers).await.read_until("\r\n\r\n").await;
    gateway.assert_streams(&["error 1"]).await;
    gateway.assert_counted(&["GET 101 none 1"]).await;
}

/// A mark in a response that does not upgrade anything counts nothing.
#[tokio::test]
async fn a_mark_without_an_upgrade() {
    let app = |layer| {
        let handler = async || (OpenConnection::new().mark(), "no upgrade");
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /").await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
    gateway.assert_streams(&[]).await;
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
