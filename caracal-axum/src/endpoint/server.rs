//! A port for the metrics alone.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::MetricsEndpoint;

/// How long a scrape under way is waited for.
const GRACE: Duration = Duration::from_secs(10);

impl MetricsEndpoint {
    /// Serves the page at `/metrics` on a port of its own, over plain HTTP/1, until the
    /// [`MetricsServer`] is shut down or dropped.
    ///
    /// ```
    /// use caracal_axum::MetricsEndpoint;
    /// use caracal_metrics_core::MetricsRegistry;
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
    /// When the address can't be listened on.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O and its time enabled.
    pub async fn serve(self, address: impl ToSocketAddrs) -> io::Result<MetricsServer> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(());
        let server = axum::serve(listener, self.into_router::<()>())
            // An error says that the other end was dropped, which is the signal.
            .with_graceful_shutdown(async move { drop(stopped.changed().await) });
        let task = tokio::spawn(async move { server.await });
        Ok(MetricsServer { local_addr, stop, task })
    }
}

/// The server of a [`MetricsEndpoint`].
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct MetricsServer {
    local_addr: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl MetricsServer {
    /// Where it listens; the port that the system chose where port 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Takes no more connections, and waits until the scrapes under way are answered, for ten seconds at
    /// most: a client that has sent half a request may never send the rest. Dropping the future leaves
    /// them to end by themselves, as dropping the server does.
    ///
    /// # Errors
    ///
    /// When the server had failed, or its runtime has ended.
    pub async fn shutdown(mut self) -> io::Result<()> {
        drop(self.stop);
        if let Ok(ended) = timeout(GRACE, &mut self.task).await {
            return ended.map_err(io::Error::other)?;
        }
        self.task.abort();
        Ok(())
    }
}
