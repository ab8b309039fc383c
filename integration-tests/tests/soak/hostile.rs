//! Clients that use as many resources as they can.

use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
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

/// The number of connections of a kind that are held at one address. It is more than the metrics server
/// allows.
const HELD: usize = 40;
/// The number of streams of one HTTP/2 connection. The endpoint answers 40 scrapes at a time.
const STREAMS: usize = 40;

const HEAD: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: soak\r\n";

/// The clients continue until this is dropped.
pub(crate) struct Hostile {
    _clients: JoinSet<()>,
    most_connections: usize,
}

impl Hostile {
    pub(crate) fn begin(application: SocketAddr, metrics: SocketAddr) -> Self {
        let mut clients = JoinSet::new();
        for address in [application, metrics] {
            let often = Duration::from_millis(100);
            clients.spawn(hold(often, move || idle(address)));
            clients.spawn(hold(often, move || half_a_request(address)));
            clients.spawn(hold(often, move || half_a_body(address)));
            clients.spawn(hold(often, move || byte_by_byte(address)));
            clients.spawn(hold(often, move || reset(address)));
            // The service makes a page for each of these.
            clients.spawn(hold(Duration::from_millis(400), move || stalled_http1(address)));
        }
        clients.spawn(hold(Duration::from_secs(5), move || stalled_http2(application)));
        // The application's server has no limit of its own. The metrics server has one.
        Self { _clients: clients, most_connections: 7 * HELD + 33 }
    }

    /// The maximum number of connections that the service has because of them.
    pub(crate) fn most_connections(&self) -> usize {
        self.most_connections
    }
}

/// Starts one client after the other, and keeps the results of the last ones.
async fn hold<T, F>(every: Duration, client: impl Fn() -> F)
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut held = VecDeque::new();
    let mut begin = interval(every);
    loop {
        begin.tick().await;
        if held.len() == HELD {
            held.pop_front();
        }
        let client = client();
        let mut task = JoinSet::new();
        // An error means that the service closed the connection, which it may do at any time.
        task.spawn(async move {
            let got = client.await;
            pending::<()>().await;
            drop(got);
        });
        // Dropping it ends the client.
        held.push_back(task);
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

/// Disconnects abruptly: the socket is closed with unread bytes, for which the system sends a reset.
async fn reset(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics?name[]=up HTTP/1.1\r\nHost: soak\r\n\r\n").await?;
    stream.read_u8().await?;
    Ok(())
}

async fn stalled_http1(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    // Linux derives the buffer of the other side from this. On loopback, it would be megabytes and
    // would hold the page.
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
