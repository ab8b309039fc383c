//! Clients that take what they can and give nothing.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

/// How many connections of a kind are held at one address: more than the server of metrics allows.
const HELD: usize = 40;
/// Streams of one HTTP/2 connection; the endpoint answers 40 scrapes at a time.
const STREAMS: usize = 40;

const HEAD: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: soak\r\n";

/// They go on until they are told to end.
pub(crate) struct Hostile {
    clients: JoinSet<Result<()>>,
    most_connections: usize,
}

impl Hostile {
    pub(crate) fn begin(application: SocketAddr, metrics: SocketAddr) -> Self {
        let mut clients = JoinSet::new();
        let mut most_connections = 0;
        for address in [application, metrics] {
            let often = Duration::from_millis(100);
            clients.spawn(hold(often, HELD, move || idle(address)));
            clients.spawn(hold(often, HELD, move || half_a_request(address)));
            clients.spawn(hold(often, HELD, move || half_a_body(address)));
            clients.spawn(hold(often, HELD, move || byte_by_byte(address)));
            clients.spawn(hold(often, HELD, move || reset(address)));
            // The page is made for each of these.
            let seldom = Duration::from_millis(400);
            clients.spawn(hold(seldom, HELD, move || stalled_http1(address)));
            let connections = if address == application { 6 * HELD + 2 } else { 33 };
            most_connections += connections;
        }
        clients.spawn(hold(Duration::from_secs(5), 2, move || stalled_http2(application)));
        Self { clients, most_connections }
    }

    /// How many connections the service has because of them.
    pub(crate) fn most_connections(&self) -> usize {
        self.most_connections
    }

    /// Ends them all.
    ///
    /// # Errors
    /// When one had ended before: the service did not take its connection.
    pub(crate) async fn end(mut self) -> Result<()> {
        let ended = self.clients.try_join_next();
        ensure!(ended.is_none(), "{ended:?}");
        self.clients.shutdown().await;
        Ok(())
    }
}

/// Begins one client after the other, and keeps the last ones.
async fn hold<T, F>(every: Duration, most: usize, client: impl Fn() -> F) -> Result<()>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut clients = VecDeque::new();
    let mut begin = interval(every);
    loop {
        begin.tick().await;
        if clients.len() == most {
            clients.pop_front();
        }
        let mut client_task = JoinSet::new();
        let client = client();
        client_task.spawn(async move {
            // The service may close the connection at any time; what a client has got is held.
            let held = client.await;
            std::future::pending::<()>().await;
            drop(held);
        });
        clients.push_back(client_task);
    }
}

async fn idle(address: SocketAddr) -> Result<TcpStream> {
    Ok(TcpStream::connect(address).await?)
}

async fn half_a_request(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(HEAD).await?;
    Ok(stream)
}

async fn half_a_body(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"POST /metrics HTTP/1.1\r\nHost: soak\r\nContent-Length: 1000\r\n\r\nx")
        .await?;
    Ok(stream)
}

async fn byte_by_byte(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    for byte in HEAD {
        stream.write_u8(*byte).await?;
        sleep(Duration::from_millis(500)).await;
    }
    Ok(stream)
}

/// Leaves abruptly: the socket is closed with bytes that were not read, for which the system sends a
/// reset.
async fn reset(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics?name[]=up HTTP/1.1\r\nHost: soak\r\n\r\n").await?;
    stream.read_u8().await?;
    Ok(())
}

async fn stalled_http1(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    // Linux derives the other side's buffer from it: megabytes on loopback, which would hold the page.
    SockRef::from(&socket).set_tcp_mss(536)?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(HEAD).await?;
    stream.write_all(b"\r\n").await?;
    Ok(stream)
}

/// One connection with many streams, each with a window of one byte.
async fn stalled_http2(
    address: SocketAddr,
) -> Result<(http2::SendRequest<Body>, Vec<Response<Incoming>>)> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut client, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1)
        .handshake(stream)
        .await?;
    // Ends when the client and the answers are dropped.
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..STREAMS {
        let uri = format!("http://{address}/metrics?name[]=caracal_policy_cache_size");
        let request = Request::get(uri).body(Body::empty())?;
        answers.push(client.send_request(request).await?);
    }
    Ok((client, answers))
}
