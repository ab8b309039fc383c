//! Replay protection: each nonce works once.

use std::time::Duration;

use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::future::ObservedCache;
use caracal_metrics::{AttachError, MetricsRegistry};
use moka::future::Cache;
use moka::policy::EvictionPolicy;

/// The header that carries the nonce.
pub const NONCE_HEADER: &str = "x-nonce";

/// Longer nonces are refused, so that the store is bounded in bytes and not only in entries.
const LONGEST: usize = 64;
const REMEMBERED: u64 = 50_000;
const REMEMBERED_FOR: Duration = Duration::from_mins(5);

/// Why a request was taken for a replay, or can't be told from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceError {
    /// There is no nonce.
    Missing,
    /// It is empty, or too long.
    Invalid,
    /// It was used before.
    Reused,
}

/// The nonces that were used.
#[derive(Clone, Debug)]
pub struct Nonces {
    seen: ObservedCache<(String, String), ()>,
}

impl Nonces {
    /// A store that remembers nothing yet, with metrics under the cache name `nonces`.
    ///
    /// # Errors
    ///
    /// Returns an error if another cache of the registry has that name.
    pub fn new(metrics: &MetricsRegistry) -> Result<Self, AttachError> {
        let observer = CacheObserver::named("nonces");
        let seen = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(REMEMBERED_FOR)
            // By default a full cache turns away what is new, and a nonce that was turned away
            // would work again.
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(observer.listener(|_, (), _| {}))
            .build();
        Ok(Self { seen: observer.wrap(seen, metrics)? })
    }

    /// Uses up a nonce of this caller.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be used.
    pub async fn use_up(&self, caller: &str, nonce: Option<&str>) -> Result<(), NonceError> {
        let nonce = nonce.ok_or(NonceError::Missing)?;
        if nonce.is_empty() || nonce.len() > LONGEST {
            return Err(NonceError::Invalid);
        }
        // Of two requests with one nonce at once, one is fresh.
        let entry = self.seen.entry((caller.to_owned(), nonce.to_owned())).or_insert(()).await;
        if entry.is_fresh() { Ok(()) } else { Err(NonceError::Reused) }
    }
}
