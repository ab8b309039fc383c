//! Replay protection: each nonce works once.

use std::time::Duration;

use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::future::ObservedCache;
use caracal_metrics::{AttachError, MetricsRegistry};
use moka::future::Cache;
use moka::policy::EvictionPolicy;

/// The header that contains the nonce.
pub const NONCE_HEADER: &str = "x-nonce";

/// Longer nonces are refused, so that the store is limited in bytes and not only in entries.
const LONGEST: usize = 64;
const REMEMBERED: u64 = 50_000;
const REMEMBERED_FOR: Duration = Duration::from_mins(5);

/// Why a nonce was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceError {
    /// The request has no nonce.
    Missing,
    /// The nonce is empty, or too long.
    Invalid,
    /// The nonce was used before.
    Reused,
}

/// The nonces that were used.
#[derive(Clone, Debug)]
pub struct Nonces {
    seen: ObservedCache<(String, String), ()>,
}

impl Nonces {
    /// Creates an empty store, with metrics under the cache name `nonces`.
    ///
    /// # Errors
    ///
    /// Returns an error if another cache of the registry has this name.
    pub fn new(metrics: &MetricsRegistry) -> Result<Self, AttachError> {
        let observer = CacheObserver::named("nonces");
        let seen = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(REMEMBERED_FOR)
            // By default, a full cache rejects new entries. A rejected nonce would work again.
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(observer.listener(|_, (), _| {}))
            .build();
        Ok(Self { seen: observer.wrap(seen, metrics)? })
    }

    /// Uses up a nonce of this caller.
    ///
    /// # Errors
    ///
    /// Returns an error if the nonce can't be used.
    pub async fn use_up(&self, caller: &str, nonce: Option<&str>) -> Result<(), NonceError> {
        let nonce = nonce.ok_or(NonceError::Missing)?;
        if nonce.is_empty() || nonce.len() > LONGEST {
            return Err(NonceError::Invalid);
        }
        // If two requests use a nonce at the same time, only one of them gets a fresh entry.
        let entry = self.seen.entry((caller.to_owned(), nonce.to_owned())).or_insert(()).await;
        if entry.is_fresh() { Ok(()) } else { Err(NonceError::Reused) }
    }
}
