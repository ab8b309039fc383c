//! A port, or a Unix socket, for the metrics alone.

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
    /// Serves the page at `/metrics` on a port of its own, over plain HTTP/1, until the
    /// [`MetricsServer`] is shut down or dropped: [`server`](Self::server) with its default limits.
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
    /// When the address can't be listened on. The error names it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O and its time enabled.
    pub async fn serve(
        self,
        address: impl ToSocketAddrs + fmt::Debug,
    ) -> io::Result<MetricsServer> {
        self.server().serve(address).await
    }

    /// Serves the page at `/metrics` on a Unix socket, as [`serve`](Self::serve) does on a port:
    /// [`server`](Self::server) with its default limits. See
    /// [`MetricsServerBuilder::serve_unix`] for what becomes of the file.
    ///
    /// # Errors
    ///
    /// When the path can't be listened on. The error names it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O and its time enabled.
    #[cfg(unix)]
    pub async fn serve_unix(self, path: impl AsRef<Path>) -> io::Result<MetricsServer<PathBuf>> {
        self.server().serve_unix(path).await
    }

    /// A server of the page on a port or a Unix socket of its own, with limits that can be set.
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

/// The settings of a [`MetricsServer`]: what a client may take of the process.
///
/// The defaults suit a port that strangers reach. A connection serves one request over HTTP/1 and is
/// then closed, so none is ever idle between two scrapes. HTTP/2 is not spoken, whatever features other
/// crates turn on. These limits hold for each connection:
///
/// | from | to | limit |
/// |---|---|---|
/// | it was accepted | the head of its request is complete | [`header_timeout`](Self::header_timeout) |
/// | the page is made | the client has read it | [`MetricsEndpoint::read_timeout`] |
///
/// Between the two, the page is made; a client that goes away is noticed.
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
#[must_use = "a server is started by `serve`"]
pub struct MetricsServerBuilder {
    endpoint: MetricsEndpoint,
    limits: Limits,
}

impl MetricsServerBuilder {
    /// How many connections are open at a time. Defaults to 32; 0 means unlimited.
    ///
    /// When one more comes, the connection closes that has waited longest without sending a request, or
    /// else that of the page whose reader has stalled longest. Where there is neither, the new connection
    /// waits for one to end. So strangers cannot keep a scraper out, and they cannot use up the files that
    /// the process may open: keep this well below that limit (`ulimit -n`).
    ///
    /// Connections that are closed in this way count in `caracal_metrics_server_connections_closed_total`
    /// and `caracal_metrics_scrapes_given_up_total`, with the reason `displaced`.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.limits.connections = if limit == 0 { usize::MAX } else { limit };
        self
    }

    /// How long a client may take from connecting to the end of its request's head. Defaults to 10
    /// seconds.
    ///
    /// Then the connection is closed, and counted in `caracal_metrics_server_connections_closed_total`
    /// with the reason `timeout`.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_timeout = timeout;
        self
    }

    /// How long [`MetricsServer::shutdown`] waits for the scrapes under way. Defaults to 10 seconds.
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.limits.grace_period = period;
        self
    }

    /// Starts the server. A host name is resolved; the first of its addresses that can be listened on is
    /// used.
    ///
    /// # Errors
    ///
    /// When the address can't be listened on. The error names it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O and its time enabled.
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

    /// Starts the server on a Unix socket: for a scraper or a proxy on the same machine, without a port
    /// that others reach. The same limits hold as on a port.
    ///
    /// The file of a socket that nobody listens on any more, as a process leaves it that was killed, is
    /// replaced. When the server is shut down or dropped, it removes its file. Do not start two
    /// processes on one path at the same time: the later one may take the path from the earlier one.
    ///
    /// A client has to have the permission to write to the file. The file gets what the umask of the
    /// process leaves: with the usual 022, only the user of the process can connect. For others, change
    /// the permissions of the file once this has returned, and limit access to its directory.
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
    /// When the path can't be listened on: another process listens on it, there is a file of the name
    /// that is not a socket, or the directory can't be written to. The error names the path.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O and its time enabled.
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
/// Dropping it is a [`shutdown`](Self::shutdown) that nobody waits for.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct MetricsServer<A = SocketAddr> {
    address: A,
    grace_period: Duration,
    stop: watch::Sender<()>,
    /// How many scrapes were cut off at its end.
    task: JoinHandle<usize>,
}

impl MetricsServer {
    /// Where it listens; the port that the system chose where port 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(unix)]
impl MetricsServer<PathBuf> {
    /// The file of the socket that it listens on.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.address
    }
}

impl<A> MetricsServer<A> {
    /// Closes the listener and all connections.
    ///
    /// Those that have not sent the head of a request are closed at once. The scrapes under way are waited
    /// for, until the [grace period](MetricsServerBuilder::grace_period) is over. When this returns, no
    /// connection is open and nothing is answered any more, whatever the result. Dropping the future does
    /// not stop the shutdown.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) when the grace period was over and scrapes were cut off:
    /// clients had not read their page, or the page was still being made. Another error when the server
    /// had failed, or its runtime has ended.
    pub async fn shutdown(self) -> io::Result<()> {
        drop(self.stop);
        match self.task.await.map_err(io::Error::other)? {
            0 => Ok(()),
            cut_off => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "after {:?} the scrapes still under way were cut off: {cut_off}",
                    self.grace_period
                ),
            )),
        }
    }
}
