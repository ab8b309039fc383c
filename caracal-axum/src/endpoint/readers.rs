//! The clients that are reading a page, and the choice of those that are dropped.
//!
//! A server polls a body only when it has room for more bytes. The body of a client that does not read is
//! never polled again, so it cannot end itself. Everything that a scrape holds is therefore in this table,
//! where the next scrape can release it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use caracal_metrics_core::GaugeGuard;
use parking_lot::Mutex;
// tokio's clock, so that tests can advance the time.
use tokio::time::{Instant, sleep_until};

use super::hang_up::HangUp;
use super::page::Page;
use crate::families::CutReason;
use crate::scrape_metrics::ScrapeMetrics;

/// If the maximum number of scrapes is reached, a reader that has taken nothing for this fraction of the read
/// timeout makes room for another scrape. By default, that is a tenth of a second. To exclude other scrapers,
/// a client would have to begin the maximum number of scrapes ten times a second.
const STALLED_FRACTION: u32 = 300;

/// How long a scrape waits until a reader has stalled.
const PATIENCE: Duration = Duration::from_millis(250);

/// The kind of client that reads a page. Each kind has its own places, so that viewers cannot take those of
/// scrapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Scrape,
    /// A browser that shows the live page.
    #[cfg(feature = "live")]
    Viewer,
}

/// The clients that read from one endpoint.
#[derive(Debug)]
pub(super) struct Readers {
    /// The maximum number of clients of each kind.
    limit: usize,
    /// The maximum time in which a page has to be read.
    timeout: Duration,
    metrics: ScrapeMetrics,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The number of clients that have no page yet, by kind.
    waiting: [usize; 2],
    /// In the order in which the clients got their pages, which is the order of their ids.
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
    /// The guard of a scrape. Viewers are not counted as scrapes.
    _in_flight: Option<GaugeGuard>,
}

impl Readers {
    /// At most `limit` scrapes, and as many viewers, at a time. 0 means unlimited.
    pub(super) fn new(limit: usize, timeout: Duration, metrics: ScrapeMetrics) -> Arc<Self> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Arc::new(Self { limit, timeout, metrics, table: Mutex::default() })
    }

    /// Returns a place. Returns `None` if the maximum for this kind is reached and no reader stalls.
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

    /// Returns a place, or the time at which the next reader will have stalled.
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

    /// Drops the readers whose time is over.
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

    /// Drops the reader that has stalled longest, if any reader has stalled.
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

/// Waits until this time. Returns `false` if there is no timer. axum's router also runs on executors without
/// one, where tokio panics.
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
    /// Present until the page is available.
    readers: Option<Arc<Readers>>,
    client: Client,
}

impl Place {
    /// Called when the page is available. From now on, the client has to read it.
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

/// A reader of a page. The reading ends when this is dropped.
#[derive(Debug)]
pub(super) struct Reader {
    readers: Arc<Readers>,
    id: u64,
}

impl Reader {
    /// Returns the next piece of the page, or `None` if the scrape was dropped.
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
        // Freeing a page takes time, so it is not done under the lock.
        drop(read);
    }
}
