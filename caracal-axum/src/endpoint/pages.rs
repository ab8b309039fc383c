//! Makes pages. Each page is made once for all scrapes that wait for it.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use caracal_metrics_core::{Format, MetricsRegistry};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::blocking::run_blocking;
use super::encoding::Coding;
use super::page::{PIECE, Page};
use crate::scrape_metrics::ScrapeMetrics;

/// The properties in which two pages of the same time can differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) format: Format,
    pub(super) coding: Coding,
    pub(super) names: Vec<String>,
}

/// The page could not be made.
#[derive(Debug)]
pub(super) struct Unmade;

impl fmt::Display for Unmade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The metrics page could not be generated: the runtime is shutting down")
    }
}

impl Error for Unmade {}

/// A page that several scrapes may wait for.
type Shared = Arc<OnceCell<Page>>;

#[derive(Debug)]
pub(super) struct Pages {
    metrics: MetricsRegistry,
    scrapes: ScrapeMetrics,
    /// Longer pages are compressed only for clients that accept nothing else.
    gzip_up_to: usize,
    /// Pages that are not begun yet. A new scrape may share one of them, because such a page will contain
    /// everything that was recorded before the scrape arrived.
    waiting: Mutex<HashMap<PageKey, Shared>>,
    /// Only one page at a time is made. The registry would serialize them anyway, and each would block a
    /// thread.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Pages {
    pub(super) fn new(metrics: MetricsRegistry, scrapes: ScrapeMetrics, gzip_up_to: usize) -> Self {
        Self { metrics, scrapes, gzip_up_to, waiting: Mutex::default(), turn: Arc::default() }
    }

    /// Returns a page with everything that was recorded before this call.
    pub(super) async fn make(&self, key: PageKey) -> Result<Page, Unmade> {
        let shared = Arc::clone(self.waiting.lock().entry(key.clone()).or_default());
        let waiting = Waiting { pages: self, key: &key, shared: Some(shared) };
        let Some(shared) = &waiting.shared else { return Err(Unmade) };
        // The scrape that makes the page may be dropped before it is done. Then the cell lets the next one
        // try.
        let made = shared.get_or_try_init(|| async {
            let turn = Arc::clone(&self.turn).lock_owned().await;
            self.begin(&key, shared);
            let (metrics, scrapes) = (self.metrics.clone(), self.scrapes.clone());
            let (key, gzip_up_to) = (key.clone(), self.gzip_up_to);
            Work { turn, metrics, scrapes, key, gzip_up_to }.make().await
        });
        made.await.cloned()
    }

    /// From now on, new scrapes wait for the next page.
    fn begin(&self, key: &PageKey, shared: &Shared) {
        let mut waiting = self.waiting.lock();
        if waiting.get(key).is_some_and(|found| Arc::ptr_eq(found, shared)) {
            waiting.remove(key);
        }
    }
}

/// A page whose turn it is. The turn is held here, together with the work, and not by the scrape, because the
/// scrape may be dropped.
struct Work {
    turn: OwnedMutexGuard<()>,
    metrics: MetricsRegistry,
    scrapes: ScrapeMetrics,
    key: PageKey,
    gzip_up_to: usize,
}

impl Work {
    async fn make(self) -> Result<Page, Unmade> {
        run_blocking(move || self.make_here()).await.unwrap_or(Err(Unmade))
    }

    fn make_here(self) -> Result<Page, Unmade> {
        let started = Instant::now();
        let page = page(&self.metrics, &self.key, self.gzip_up_to);
        self.scrapes.record_page(started.elapsed());
        drop(self.turn);
        page
    }
}

/// A scrape that waits for a page. If the turn of the page never came, the last scrape to leave removes the
/// page from the list.
struct Waiting<'a> {
    pages: &'a Pages,
    key: &'a PageKey,
    /// Present until this is dropped.
    shared: Option<Shared>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Dropped under the lock. If two scrapes leave at once, the second one is therefore the last one.
        let mut waiting = self.pages.waiting.lock();
        drop(self.shared.take());
        if waiting.get(self.key).is_some_and(|found| Arc::strong_count(found) == 1) {
            waiting.remove(self.key);
        }
    }
}

fn page(metrics: &MetricsRegistry, key: &PageKey, gzip_up_to: usize) -> Result<Page, Unmade> {
    let pieces = metrics.encode_in_pieces(key.format, &key.names, PIECE);
    let compress = match key.coding {
        Coding::Identity => false,
        Coding::Gzip => pieces.iter().map(Vec::len).sum::<usize>() <= gzip_up_to,
        Coding::OnlyGzip => true,
    };
    if compress { Page::gzip(pieces).map_err(|_| Unmade) } else { Ok(Page::new(pieces)) }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn pages(metrics: &MetricsRegistry) -> Pages {
        Pages::new(metrics.clone(), ScrapeMetrics::new(metrics).unwrap(), 0)
    }

    #[test]
    fn a_system_without_threads_is_no_page_without_an_end() {
        // No address space has room for a stack of this size.
        let starved = tokio::runtime::Builder::new_current_thread()
            .thread_stack_size(1 << 47)
            .build()
            .unwrap();
        let metrics = MetricsRegistry::new();
        let pages = pages(&metrics);
        let key = PageKey { format: Format::Text, coding: Coding::Identity, names: vec![] };
        for _ in 0..2 {
            let page = starved.block_on(pages.make(key.clone())).unwrap();
            assert!(page.piece(0).unwrap().starts_with(b"# HELP"));
        }
    }

    /// The client chooses the names. If the keys of abandoned pages were kept, a client that sends requests
    /// and disconnects could fill the memory.
    #[test]
    fn a_page_that_nobody_waits_for_is_forgotten() {
        let metrics = MetricsRegistry::new();
        let pages = pages(&metrics);
        let turn = Arc::clone(&pages.turn).try_lock_owned().unwrap();
        let key =
            PageKey { format: Format::Text, coding: Coding::Identity, names: vec!["x".to_owned()] };
        {
            let mut first = pin!(pages.make(key.clone()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(first.as_mut().poll(&mut context), Poll::Pending));
            {
                let mut second = pin!(pages.make(key.clone()));
                assert!(matches!(second.as_mut().poll(&mut context), Poll::Pending));
            }
            assert_eq!(pages.waiting.lock().len(), 1, "the first one is still waiting");
        }
        assert!(pages.waiting.lock().is_empty());
        drop(turn);
    }
}
