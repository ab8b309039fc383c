//! The connections of a metrics server: which are accepted, and which have to go.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use caracal_metrics_core::adapter::{CutReason, ServerMetrics};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tower_service::Service;

use crate::endpoint::hang_up::HangUp;
use crate::endpoint::readers::Readers;

/// How often connections are looked at whose time may be over.
const TICK: Duration = Duration::from_millis(100);

/// A connection is not closed to make room before it had this long to send a request. Otherwise a
/// burst of scrapers would close each other's connections, of which none was read from yet.
const LEAST_TIME: Duration = Duration::from_millis(100);

/// Of the head of a request, and of what is queued for a client. hyper's default is 400 KiB.
const BUFFER: usize = 64 * 1024;

/// hyper adds the time to the clock's and panics when that overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connections: usize,
    pub(super) header_timeout: Duration,
    pub(super) grace_period: Duration,
}

#[derive(Debug)]
pub(super) struct Connections {
    router: Router,
    readers: Arc<Readers>,
    metrics: ServerMetrics,
    limits: Limits,
    tasks: JoinSet<()>,
    open: HashMap<task::Id, Arc<Connection>>,
    /// A connection was told to close and is not closed yet: no other one need go.
    making_room: bool,
}

#[derive(Debug)]
struct Connection {
    accepted: Instant,
    /// The head of its request has come.
    asked: AtomicBool,
    hang_up: HangUp,
}

impl Connections {
    pub(super) fn new(
        router: Router,
        readers: Arc<Readers>,
        metrics: ServerMetrics,
        limits: Limits,
    ) -> Self {
        let (tasks, open) = (JoinSet::new(), HashMap::new());
        Self { router, readers, metrics, limits, tasks, open, making_room: false }
    }

    /// Serves until `stopped` changes or its other end is dropped. Returns how many scrapes were cut off.
    pub(super) async fn serve(
        mut self,
        listener: TcpListener,
        mut stopped: watch::Receiver<()>,
    ) -> usize {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Accepted, and without a place so far. There is one at most; others stay with the system.
        let mut newcomer = None;
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                Some(ended) = self.tasks.join_next_with_id() => {
                    let id = ended.map_or_else(|failed| failed.id(), |(id, ())| id);
                    self.open.remove(&id);
                    self.making_room = false;
                }
                _ = tick.tick(), if !self.tasks.is_empty() => self.readers.give_up_late(),
                stream = accept(&listener), if newcomer.is_none() => newcomer = Some(stream),
            }
            if self.tasks.len() < self.limits.connections {
                newcomer.take().into_iter().for_each(|stream| self.open(stream));
            } else if newcomer.is_some() && !self.making_room {
                self.making_room = self.make_room();
            }
        }
        drop((listener, newcomer));
        self.close().await
    }

    fn open(&mut self, stream: TcpStream) {
        let connection = Arc::new(Connection {
            accepted: Instant::now(),
            asked: AtomicBool::new(false),
            hang_up: HangUp::default(),
        });
        let (router, metrics) = (self.router.clone(), self.metrics.clone());
        let header_timeout = self.limits.header_timeout.min(LONGEST_TIMEOUT);
        let served = Arc::clone(&connection);
        let task = self.tasks.spawn(async move {
            let closed = served.hang_up.requested();
            tokio::select! {
                () = closed => {}
                served = served.serve(stream, router, header_timeout) => {
                    if served.is_err_and(|error| error.is_timeout()) {
                        metrics.record_closed(CutReason::Timeout);
                    }
                }
            }
        });
        self.open.insert(task.id(), connection);
    }

    /// Closes the connection that can best be spared, if any can.
    fn make_room(&self) -> bool {
        let idle = self.open.values().filter(|connection| !connection.asked.load(Relaxed));
        let longest = idle.min_by_key(|connection| connection.accepted);
        if let Some(idle) = longest.filter(|idle| idle.accepted.elapsed() >= LEAST_TIME) {
            idle.hang_up.now();
            self.metrics.record_closed(CutReason::Displaced);
            return true;
        }
        // Its reading was given up, which closes the connection.
        self.readers.displace()
    }

    /// Waits for the scrapes under way as long as allowed, and closes all connections.
    async fn close(mut self) -> usize {
        for connection in self.open.values() {
            if !connection.asked.load(Relaxed) {
                connection.hang_up.now();
            }
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(self.limits.grace_period, ended).await;
        let cut_off = self.tasks.len();
        self.tasks.shutdown().await;
        cut_off
    }
}

impl Connection {
    async fn serve(
        &self,
        stream: TcpStream,
        router: Router,
        header_timeout: Duration,
    ) -> hyper::Result<()> {
        let service = service_fn(|mut request: Request<Incoming>| {
            self.asked.store(true, Relaxed);
            request.extensions_mut().insert(self.hang_up.clone());
            let answer = router.clone().call(request);
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        http1::Builder::new()
            // An idle connection would have to be told from one that is about to be used again.
            .keep_alive(false)
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .await
    }
}

/// The next connection. Errors of the listener (no more files, say) pass by themselves or by what the rest
/// of the process does, so they are waited for and do not end the server.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client went away before it was accepted.
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(_) => sleep(TICK).await,
        }
    }
}

fn is_of_the_client(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(kind, ConnectionRefused | ConnectionAborted | ConnectionReset)
}
