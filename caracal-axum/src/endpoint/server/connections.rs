//! The connections of a metrics server, and the choice of those that are closed.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tower_service::Service;

use super::listener::{Listener, Stream};
use crate::endpoint::hang_up::HangUp;
use crate::endpoint::readers::Readers;
use crate::families::CutReason;
use crate::scrape_metrics::ServerMetrics;

/// How often the server checks for connections whose time is over.
const TICK: Duration = Duration::from_millis(100);

/// A connection is not closed to make room until it has had this much time to send a request, because many
/// scrapers may connect at once.
const LEAST_TIME: Duration = Duration::from_millis(100);

/// The maximum length of the head of a request, and of the data that is queued for a client. hyper's default
/// is 400 KiB.
const BUFFER: usize = 64 * 1024;

/// hyper adds the timeout to the current time, and panics if this overflows.
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
    /// Each task returns the reason why the connection was closed. `None` if the client closed it, or after
    /// an answer.
    tasks: JoinSet<Option<CutReason>>,
    open: HashMap<task::Id, Arc<Connection>>,
    /// A connection was told to close and is not closed yet, so no other one has to be closed.
    making_room: bool,
}

#[derive(Debug)]
struct Connection {
    accepted: Instant,
    /// The head of its request has arrived.
    asked: AtomicBool,
    /// Tells the connection to close, unless the head of a request has arrived.
    leave: Notify,
    /// Tells the connection to close.
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

    /// Serves until `stopped` changes or its sender is dropped. Returns how many scrapes were cut off.
    pub(super) async fn serve<L: Listener>(
        mut self,
        listener: L,
        mut stopped: watch::Receiver<()>,
    ) -> usize {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // A connection that was accepted and has no place yet. There is at most one. The system queues the
        // others.
        let mut newcomer = None;
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.ended(ended);
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

    fn open<S: Stream>(&mut self, stream: S) {
        let connection = Arc::new(Connection {
            accepted: Instant::now(),
            asked: AtomicBool::new(false),
            leave: Notify::new(),
            hang_up: HangUp::default(),
        });
        let header_timeout = self.limits.header_timeout.min(LONGEST_TIMEOUT);
        let serve = Arc::clone(&connection).serve(stream, self.router.clone(), header_timeout);
        let task = self.tasks.spawn(serve);
        self.open.insert(task.id(), connection);
    }

    fn ended(&mut self, ended: Result<(task::Id, Option<CutReason>), JoinError>) {
        let (id, reason) = ended.unwrap_or_else(|failed| (failed.id(), None));
        self.open.remove(&id);
        self.making_room = false;
        if let Some(reason) = reason {
            self.metrics.record_closed(reason);
        }
    }

    /// Closes the connection that is needed least, if there is one that can be closed.
    fn make_room(&self) -> bool {
        let idle = self.open.values().filter(|connection| !connection.has_asked());
        let longest = idle.min_by_key(|connection| connection.accepted);
        if let Some(idle) = longest.filter(|idle| idle.accepted.elapsed() >= LEAST_TIME) {
            idle.leave.notify_one();
            return true;
        }
        // Its reader was dropped, which closes the connection.
        self.readers.displace()
    }

    /// Waits for the scrapes in progress, for at most the grace period, and closes all connections.
    async fn close(mut self) -> usize {
        for connection in self.open.values() {
            connection.leave.notify_one();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(self.limits.grace_period, ended).await;
        let cut_off = self.tasks.len();
        self.tasks.shutdown().await;
        cut_off
    }
}

impl Connection {
    fn has_asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    /// Answers one request.
    async fn serve<S: Stream>(
        self: Arc<Self>,
        stream: S,
        router: Router,
        header_timeout: Duration,
    ) -> Option<CutReason> {
        let service = service_fn(|mut request: Request<Incoming>| {
            self.asked.store(true, Relaxed);
            request.extensions_mut().insert(self.hang_up.clone());
            let answer = router.clone().call(request);
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let served = http1::Builder::new()
            // Without this, an idle connection would have to be distinguished from one that is about to be
            // used again.
            .keep_alive(false)
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let mut served = pin!(served);
        loop {
            tokio::select! {
                // In this order, because a request that has arrived may not have been read yet.
                biased;
                served = &mut served => {
                    let timeout = served.is_err_and(|error| error.is_timeout());
                    return timeout.then_some(CutReason::Timeout);
                }
                () = self.hang_up.requested() => return None,
                () = self.leave.notified() => {
                    if !self.has_asked() {
                        return Some(CutReason::Displaced);
                    }
                }
            }
        }
    }
}

/// Returns the next connection. Errors of the listener (for example, when no more files can be opened) go
/// away by themselves or when the rest of the process releases resources. The server waits for that and does
/// not stop.
async fn accept<L: Listener>(listener: &L) -> L::Stream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            // The client disconnected before its connection was accepted.
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(_) => sleep(TICK).await,
        }
    }
}

fn is_of_the_client(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(kind, ConnectionRefused | ConnectionAborted | ConnectionReset)
}
