//! The ledger, which stores every decision, if necessary after an outage.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::auth::random_hex;
use crate::breaker::{GuardedStore, Unavailable};
use crate::store::LedgerEntry;

/// The maximum number of entries that wait for the database. When it is exceeded, the oldest entries
/// are dropped.
const LONGEST_BACKLOG: usize = 10_000;
/// How many waiting entries a request also writes once the database is available again.
const TAKEN_ALONG: usize = 4;
const KEPT_FOR: Duration = Duration::from_hours(1);

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    store: Arc<GuardedStore>,
    backlog: Mutex<VecDeque<LedgerEntry>>,
}

impl Ledger {
    /// Creates a ledger in this store.
    #[must_use]
    pub fn new(store: &Arc<GuardedStore>) -> Self {
        Self { store: Arc::clone(store), backlog: Mutex::default() }
    }

    /// Records a decision, or keeps it until the database is available again.
    pub async fn record(&self, agent_id: &str, action: &str, allowed: bool) {
        self.keep(LedgerEntry {
            id: random_hex(),
            agent_id: agent_id.to_owned(),
            action: action.to_owned(),
            decision: if allowed { "allowed" } else { "denied" }.to_owned(),
            recorded_at: now_ms(),
        });
        self.write(1 + TAKEN_ALONG).await;
    }

    /// Writes the waiting entries.
    pub async fn flush(&self) {
        self.write(LONGEST_BACKLOG).await;
    }

    /// Returns the latest decisions about an agent, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not respond.
    pub async fn recent(
        &self,
        agent_id: &str,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, Unavailable> {
        self.store.call(|store| store.recent_ledger(agent_id, limit)).await
    }

    /// Deletes entries that are too old.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not respond.
    pub async fn prune(&self) -> Result<u64, Unavailable> {
        let age = i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        self.store.call(|store| store.prune_ledger(now_ms() - age)).await
    }

    fn keep(&self, entry: LedgerEntry) {
        let mut backlog = self.backlog();
        backlog.push_front(entry);
        if backlog.len() > LONGEST_BACKLOG {
            backlog.pop_back();
            tracing::error!("the ledger's backlog is full: the oldest decision is lost");
        }
    }

    /// Writes at most this many entries, the newest first, so that a request finds its own.
    async fn write(&self, most: usize) {
        for _ in 0..most {
            let Some(entry) = self.backlog().pop_front() else { return };
            // If this future is dropped before it has completed (because the client disconnected), the
            // entry returns to the backlog.
            let mut waiting = Waiting { ledger: self, entry: Some(entry) };
            let entry = waiting.entry.as_ref().expect("it was just put there");
            match self.store.call(|store| store.append_ledger(entry)).await {
                Ok(()) => waiting.entry = None,
                Err(error) => {
                    tracing::debug!(%error, "a decision waits for the database");
                    return;
                }
            }
        }
    }

    fn backlog(&self) -> std::sync::MutexGuard<'_, VecDeque<LedgerEntry>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts an entry back into the backlog unless it was written.
struct Waiting<'a> {
    ledger: &'a Ledger,
    entry: Option<LedgerEntry>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.ledger.keep(entry);
        }
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
