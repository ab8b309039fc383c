//! The clients that are reading a page, and which of them to give up.
//!
//! A server polls a body only when it has room for more bytes. The body of a client that reads nothing is
//! never polled again, so it cannot give itself up. That is why everything that a scrape holds is here,
//! where the next scrape can release it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use caracal_metrics_core::GaugeGuard;
use parking_lot::Mutex;
// Not the standard library's, so that tests can let time pass.
use tokio::time::{Instant, sleep_until};

use super::hang_up::HangUp;
use super::page::Page;
use crate::families::CutReason;
use crate::scrape_metrics::ScrapeMetrics;

/// A reader that has taken nothing for this fraction of the time that a page may take to be read makes
/// room for another scrape, where as many as allowed are under way. It is a tenth of a second by default:
/// whoever wants to shut others out has to begin all the scrapes that are allowed ten times a second.
const STALLED_FRACTION: u32 = 300;

/// How long a scrape waits for a reader to have stalled.
const PATIENCE: Duration = Duration::from_millis(250);

/// The kind of client that reads a page. Each kind has its own places, so that viewers cannot take those of scrapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Scrape,
    /// A browser with the live page.
    #[cfg(feature = "live")]
    Viewer,
}

/// What is being read from one endpoint.
#[derive(Debug)]
pub(super) struct Readers {
    /// How many of each kind there may be at a time.
    limit: usize,
    /// How long a page may take to be read.
    timeout: Duration,
    metrics: ScrapeMetrics,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// Those that have no page yet, by kind.
    waiting: [usize; 2],
    /// In the order in which they got their page, which is that of their ids.
    reading: Vec<(u64, Reading)>,
    next: u64,
}

impl Table {
    fn count(&self, client: Client) -> usize {
        let reading = self.reading.iter().filter(|(_, reading)| reading.client == client);
        self.waiting[client as usize] + reading.count()
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.reading.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    fn remove(&mut self, id: u64) -> Option<Reading> {
        Some(self.reading.remove(self.place(id)?).1)
    }
}

/// A page that is being read.
#[derive(Debug)]
struct Reading {
    client: Client,
    page: Page,
    next_piece: usize,
    began: Instant,
    progressed: Instant,
    hang_up: Option<HangUp>,
    /// Of a scrape; a viewer is not counted as one.
    _in_flight: Option<GaugeGuard>,
}

impl Readers {
    /// At most `limit` scrapes, and as many viewers, at a time; 0 means unlimited.
    pub(super) fn new(limit: usize, timeout: Duration, metrics: ScrapeMetrics) -> Arc<Self> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Arc::new(Self { limit, timeout, metrics, table: Mutex::default() })
    }

    /// A place, unless as many of this kind as allowed are under way and none of them stalls.
    pub(super) async fn enter(self: &Arc<Self>, client: Client) -> Option<Place> {
        self.give_up_late();
        let patience = Instant::now() + PATIENCE;
        loop {
            let stalled = match self.try_enter(client) {
                Ok(place) => return Some(place),
                Err(stalled) => stalled?,
            };
            if stalled > patience || !wait_until(stalled).await {
                return None;
            }
        }
    }

    /// A place, or when the next reader will have stalled.
    fn try_enter(self: &Arc<Self>, client: Client) -> Result<Place, Option<Instant>> {
        loop {
            let mut table = self.table.lock();
            if table.count(client) < self.limit {
                table.waiting[client as usize] += 1;
                return Ok(Place { readers: Some(Arc::clone(self)), client });
            }
            drop(table);
            if !self.displace_one_of(|reading| reading.client == client) {
                break;
            }
        }
        let table = self.table.lock();
        let own = table.reading.iter().filter(|(_, reading)| reading.client == client);
        let longest = own.map(|(_, reading)| reading.progressed).min();
        Err(longest.and_then(|progressed| progressed.checked_add(self.stalled_after())))
    }

    fn stalled_after(&self) -> Duration {
        self.timeout / STALLED_FRACTION
    }

    /// Gives up those whose time is over.
    pub(super) fn give_up_late(&self) {
        while let Some(late) = self.take_late() {
            self.give_up(&late, CutReason::Timeout);
        }
    }

    fn take_late(&self) -> Option<Reading> {
        let mut table = self.table.lock();
        let (id, oldest) = table.reading.first()?;
        let (id, late) = (*id, oldest.began.elapsed() >= self.timeout);
        if late { table.remove(id) } else { None }
    }

    /// Gives up the reader that has stalled longest, if any has.
    #[cfg(feature = "serve")]
    pub(super) fn displace(&self) -> bool {
        self.displace_one_of(|_| true)
    }

    fn displace_one_of(&self, may_go: impl Fn(&Reading) -> bool) -> bool {
        let stalled = {
            let mut table = self.table.lock();
            let those = table.reading.iter().filter(|(_, reading)| may_go(reading));
            let longest = those.min_by_key(|(_, reading)| reading.progressed);
            let longest = longest.map(|(id, reading)| (*id, reading.progressed.elapsed()));
            longest
                .filter(|(_, stalled)| *stalled >= self.stalled_after())
                .and_then(|(id, _)| table.remove(id))
        };
        if let Some(stalled) = &stalled {
            self.give_up(stalled, CutReason::Displaced);
        }
        stalled.is_some()
    }

    fn give_up(&self, reading: &Reading, reason: CutReason) {
        if reading.client == Client::Scrape {
            self.metrics.record_given_up(reason);
        }
        if let Some(hang_up) = &reading.hang_up {
            hang_up.now();
        }
    }
}

/// Whether the time could be waited for. axum's router runs on executors that have no timer as well; tokio
/// panics there.
async fn wait_until(time: Instant) -> bool {
    let mut sleep = None;
    poll_fn(|context| {
        let poll = || {
            let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(time)));
            sleep.as_mut().poll(context)
        };
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(polled) => polled.map(|()| true),
            Err(_) => Poll::Ready(false),
        }
    })
    .await
}

/// The place of a client that waits for its page.
#[derive(Debug)]
pub(super) struct Place {
    /// There until the page comes.
    readers: Option<Arc<Readers>>,
    client: Client,
}

impl Place {
    /// The page came: from here on the client has to read.
    pub(super) fn read(
        mut self,
        page: Page,
        in_flight: Option<GaugeGuard>,
        hang_up: Option<HangUp>,
    ) -> Option<Reader> {
        let readers = self.readers.take()?;
        let mut table = readers.table.lock();
        let id = table.next;
        table.next += 1;
        table.waiting[self.client as usize] -= 1;
        let now = Instant::now();
        let reading = Reading {
            client: self.client,
            page,
            next_piece: 0,
            began: now,
            progressed: now,
            hang_up,
            _in_flight: in_flight,
        };
        table.reading.push((id, reading));
        drop(table);
        Some(Reader { readers, id })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(readers) = &self.readers {
            readers.table.lock().waiting[self.client as usize] -= 1;
        }
    }
}

/// Reads a page, until it is dropped.
#[derive(Debug)]
pub(super) struct Reader {
    readers: Arc<Readers>,
    id: u64,
}

impl Reader {
    /// The next piece of the page; `None` where the scrape was given up.
    pub(super) fn next_piece(&self) -> Option<Bytes> {
        let mut table = self.readers.table.lock();
        let place = table.place(self.id)?;
        let (_, reading) = &mut table.reading[place];
        let piece = reading.page.piece(reading.next_piece)?;
        reading.next_piece += 1;
        reading.progressed = Instant::now();
        Some(piece)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let read = self.readers.table.lock().remove(self.id);
        // Freeing a page takes a while: not under the lock.
        drop(read);
    }
}
