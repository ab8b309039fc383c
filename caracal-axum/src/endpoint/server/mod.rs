//! A server for the metrics alone, on a port or a Unix socket.

mod connections;
mod listener;
#[cfg(unix)]
mod unix;

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::MetricsEndpoint;
use crate::scrape_metrics::ServerMetrics;
use connections::{Connections, Limits};
use listener::Listener;
#[cfg(unix)]
use unix::UnixSocket;

impl MetricsEndpoint {
    /// Serves the page at `/metrics` on a separate port, over plain HTTP/1, until the [`MetricsServer`] is
    /// shut down or dropped. This is [`server`](Self::server) with its default limits.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::MetricsEndpoint;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let endpoint = MetricsEndpoint::new(&MetricsRegistry::new());
    /// let server = endpoint.serve("127.0.0.1:0").await?;
    /// println!("metrics on http://{}/metrics", server.local_addr());
    /// server.shutdown().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the server can't listen on the address. The error names the address.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, or if the runtime's I/O or time driver is not enabled.
    pub async fn serve(
        self,
        address: impl ToSocketAddrs + fmt::Debug,
    ) -> io::Result<MetricsServer> {
        self.server().serve(address).await
    }

    /// Serves the page at `/metrics` on a Unix socket, as [`serve`](Self::serve) does on a port. This is
    /// [`server`](Self::server) with its default limits. [`MetricsServerBuilder::serve_unix`] describes how
    /// the file of the socket is handled.
    ///
    /// # Errors
    ///
    /// Returns an error if the server can't listen on the path. The error names the path.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, or if the runtime's I/O or time driver is not enabled.
    #[cfg(unix)]
    pub async fn serve_unix(self, path: impl AsRef<Path>) -> io::Result<MetricsServer<PathBuf>> {
        self.server().serve_unix(path).await
    }

    /// Returns a builder for a server of the page on a separate port or Unix socket, with configurable
    /// limits.
    pub fn server(self) -> MetricsServerBuilder {
        MetricsServerBuilder {
            endpoint: self,
            limits: Limits {
                connections: 32,
                header_timeout: Duration::from_secs(10),
                grace_period: Duration::from_secs(10),
            },
        }
    }
}

/// The settings of a [`MetricsServer`]. They limit the resources that clients can use.
///
/// The defaults suit a port that untrusted clients can reach. A connection serves one request over HTTP/1 and
/// is then closed, so no connection is idle between two scrapes. The server never uses HTTP/2, even if other
/// crates enable that feature. These limits apply to each connection:
///
/// | from | to | limit |
/// |---|---|---|
/// | the connection is accepted | the head of the request is complete | [`header_timeout`](Self::header_timeout) |
/// | the page is complete | the client has read the page | [`MetricsEndpoint::read_timeout`] |
///
/// Between these two phases, the page is made. If the client disconnects during that time, the server notices
/// it.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use std::time::Duration;
///
/// use caracal_metrics::axum::MetricsEndpoint;
/// use caracal_metrics::MetricsRegistry;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = MetricsEndpoint::new(&MetricsRegistry::new())
///     .bearer_token("a long secret")
///     .read_timeout(Duration::from_secs(10))
///     .server()
///     .max_connections(8)
///     .header_timeout(Duration::from_secs(2))
///     .serve("127.0.0.1:0")
///     .await?;
/// server.shutdown().await
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the server does not start until `serve` is called"]
pub struct MetricsServerBuilder {
    endpoint: MetricsEndpoint,
    limits: Limits,
}

impl MetricsServerBuilder {
    /// Sets the maximum number of open connections. Defaults to 32; 0 means unlimited.
    ///
    /// If the maximum is reached when a new connection arrives, the server closes the connection that has
    /// waited longest without sending a request. If there is none, it closes the connection whose reader has
    /// stalled longest. Otherwise the new connection waits until another one ends. Untrusted clients
    /// therefore cannot exclude a scraper, and cannot use up the files that the process may open. Keep this
    /// number well below that limit (`ulimit -n`).
    ///
    /// Connections that are closed in this way are counted in
    /// `caracal_metrics_server_connections_closed_total` and `caracal_metrics_scrapes_given_up_total`, with
    /// the reason `displaced`.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.limits.connections = if limit == 0 { usize::MAX } else { limit };
        self
    }

    /// Sets the maximum time from the connection of a client to the end of the head of its request. Defaults
    /// to 10 seconds.
    ///
    /// After this time the connection is closed, and counted in
    /// `caracal_metrics_server_connections_closed_total` with the reason `timeout`.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_timeout = timeout;
        self
    }

    /// Sets how long [`MetricsServer::shutdown`] waits for scrapes in progress. Defaults to 10 seconds.
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.limits.grace_period = period;
        self
    }

    /// Starts the server. If the address is a host name, it is resolved, and the server listens on the first
    /// of its addresses on which that is possible.
    ///
    /// # Errors
    ///
    /// Returns an error if the server can't listen on the address. The error names the address.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, or if the runtime's I/O or time driver is not enabled.
    pub async fn serve(
        self,
        address: impl ToSocketAddrs + fmt::Debug,
    ) -> io::Result<MetricsServer> {
        let listener = TcpListener::bind(&address).await.map_err(|error| {
            io::Error::new(error.kind(), format!("can't listen on {address:?}: {error}"))
        })?;
        let local_addr = listener.local_addr()?;
        self.start(listener, local_addr)
    }

    /// Starts the server on a Unix socket. Use this for a scraper or a proxy on the same machine, without a
    /// port that others can reach. The limits are the same as on a port.
    ///
    /// If the path has a socket on which nothing listens, the socket is replaced. A process that was killed
    /// leaves such a socket. When the server is shut down or dropped, it removes its file. Do not start two
    /// processes on the same path at the same time, because the second process may take the path from the
    /// first.
    ///
    /// A client needs permission to write to the file. The permissions follow the umask of the process. With
    /// the usual umask of 022, only the user of the process can connect. To let others connect, change the
    /// permissions of the file after this method has returned, and limit access to its directory.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use std::os::unix::fs::PermissionsExt;
    /// use std::{fs, fs::Permissions};
    ///
    /// use caracal_metrics::axum::MetricsEndpoint;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("caracal-doc-{}.sock", std::process::id()));
    /// let server = MetricsEndpoint::new(&MetricsRegistry::new()).server().serve_unix(&path).await?;
    /// // curl --unix-socket PATH http://localhost/metrics
    /// fs::set_permissions(server.path(), Permissions::from_mode(0o660))?;
    /// server.shutdown().await?;
    /// assert!(!path.exists());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the server can't listen on the path: another process listens on it, the path has a
    /// file that is not a socket, or the directory is not writable. The error names the path.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, or if the runtime's I/O or time driver is not enabled.
    #[cfg(unix)]
    pub async fn serve_unix(self, path: impl AsRef<Path>) -> io::Result<MetricsServer<PathBuf>> {
        let path = path.as_ref();
        let socket = UnixSocket::bind(path).await.map_err(|error| {
            io::Error::new(error.kind(), format!("can't listen on {}: {error}", path.display()))
        })?;
        let path = socket.path().to_owned();
        self.start(socket, path)
    }

    fn start<A>(self, listener: impl Listener, address: A) -> io::Result<MetricsServer<A>> {
        let (stop, stopped) = watch::channel(());
        let metrics = ServerMetrics::new(&self.endpoint.metrics).map_err(io::Error::other)?;
        let (router, readers) = self.endpoint.router();
        let connections = Connections::new(router, readers, metrics, self.limits);
        let task = tokio::spawn(connections.serve(listener, stopped));
        Ok(MetricsServer { address, grace_period: self.limits.grace_period, stop, task })
    }
}

/// The server of a [`MetricsEndpoint`], on a port or (with a `PathBuf` as its address) on a Unix socket.
///
/// Dropping it starts a [`shutdown`](Self::shutdown) without waiting for its end.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct MetricsServer<A = SocketAddr> {
    address: A,
    grace_period: Duration,
    stop: watch::Sender<()>,
    /// Returns how many scrapes were cut off at the end.
    task: JoinHandle<usize>,
}

impl MetricsServer {
    /// Returns the address on which the server listens. If port 0 was requested, it contains the port that
    /// the system chose.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(unix)]
impl MetricsServer<PathBuf> {
    /// Returns the path of the socket on which the server listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.address
    }
}

impl<A> MetricsServer<A> {
    /// Closes the listener and all connections.
    ///
    /// Connections that have not sent the head of a request are closed at once. The server waits for scrapes
    /// in progress until the [grace period](MetricsServerBuilder::grace_period) is over. When this method
    /// returns, no connection is open and no request is answered any more, even if the result is an error.
    /// Dropping the future does not stop the shutdown.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`](io::ErrorKind::TimedOut) if scrapes were cut off at the end of the grace period,
    /// because clients had not read their page or the page was still being made. Returns another error if the
    /// server failed, or if its runtime has ended.
    pub async fn shutdown(self) -> io::Result<()> {
        drop(self.stop);
        match self.task.await.map_err(io::Error::other)? {
            0 => Ok(()),
            cut_off => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "scrapes that were still in progress after {:?} were cut off: {cut_off}",
                    self.grace_period
                ),
            )),
        }
    }
}
