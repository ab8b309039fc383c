//! Causes real outages of the database, so that the metrics show them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::database::{Database, POOL_SIZE};

/// How long an outage lasts.
pub(crate) const LASTS: Duration = Duration::from_secs(4);

/// The kind of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The tables stay locked. Statements fail after a short wait.
    TablesLocked,
    /// All connections of the pool are taken and not returned. No caller gets one.
    PoolExhausted,
}

impl Outage {
    /// Breaks the database for this duration.
    ///
    /// # Errors
    ///
    /// Returns an error if the database is already broken.
    pub async fn cause(self, database: &Database, lasts: Duration) -> Result<(), sqlx::Error> {
        match self {
            Self::TablesLocked => {
                let lock = database.lock().await?;
                sleep(lasts).await;
                lock.release().await
            }
            Self::PoolExhausted => {
                let mut held = Vec::new();
                let taking = async {
                    while held.len() < POOL_SIZE as usize {
                        // Other callers compete for the connections, so this may take several tries.
                        if let Ok(connection) = database.pool().acquire().await {
                            held.push(connection);
                        }
                    }
                };
                let end = Instant::now() + lasts;
                // All connections, or as many as could be acquired in this time.
                let _ = timeout(lasts, taking).await;
                tokio::time::sleep_until(end).await;
                drop(held);
                Ok(())
            }
        }
    }
}

/// Causes outages of each kind in turn until the task is aborted.
pub(crate) async fn run(database: Arc<Database>, first_after: Duration, interval: Duration) {
    let mut next = Instant::now() + first_after;
    for outage in [Outage::TablesLocked, Outage::PoolExhausted].into_iter().cycle() {
        tokio::time::sleep_until(next).await;
        next += interval;
        tracing::info!(?outage, seconds = LASTS.as_secs(), "outage begins");
        match outage.cause(&database, LASTS).await {
            Ok(()) => tracing::info!("outage ends"),
            Err(error) => tracing::warn!(%error, "the outage could not be caused"),
        }
    }
}
