//! Real outages of the database, for the metrics to show.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::database::{Database, POOL_SIZE};

/// How long an outage lasts.
pub(crate) const LASTS: Duration = Duration::from_secs(4);

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Somebody locks the tables and forgets: statements fail after a short wait.
    TablesLocked,
    /// Somebody takes all connections of the pool and forgets: there is none to be had.
    PoolExhausted,
}

impl Outage {
    /// Breaks the database for this long.
    ///
    /// # Errors
    ///
    /// When it is broken already.
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
                        // The others want one, too: it may take some tries.
                        if let Ok(connection) = database.pool().acquire().await {
                            held.push(connection);
                        }
                    }
                };
                let end = Instant::now() + lasts;
                // All there are, or as many as could be had by the end.
                let _ = timeout(lasts, taking).await;
                tokio::time::sleep_until(end).await;
                drop(held);
                Ok(())
            }
        }
    }
}

/// Causes an outage of each kind in turn until it is aborted.
pub(crate) async fn run(database: Arc<Database>, first_after: Duration, interval: Duration) {
    let mut next = Instant::now() + first_after;
    for outage in [Outage::TablesLocked, Outage::PoolExhausted].into_iter().cycle() {
        tokio::time::sleep_until(next).await;
        next += interval;
        tracing::info!(?outage, seconds = LASTS.as_secs(), "outage begins");
        match outage.cause(&database, LASTS).await {
            Ok(()) => tracing::info!("outage ends"),
            Err(error) => tracing::warn!(%error, "the outage did not come about"),
        }
    }
}
