//! The documents that the page reads. Each is written once for all viewers of the same second.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caracal_metrics_core::MetricsRegistry;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::cardinality::cardinality;
use super::families::{FamiliesQuery, families, one_family};
use super::overview::{Followed, overview};
use super::series::{SeriesQuery, series};
use crate::endpoint::blocking::run_blocking;
use crate::endpoint::page::{PIECE, Page};

/// How long a document is used. This is less than the second after which a viewer sends the next request, so
/// each request gets a new document.
const GOOD_FOR: Duration = Duration::from_millis(900);

/// A document that a viewer can request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Overview,
    Families(FamiliesQuery),
    Family(String),
    Series(SeriesQuery),
    Cardinality,
}

/// A document, uncompressed and compressed.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) plain: Page,
    pub(super) gzip: Page,
}

impl Document {
    /// Creates a document. Returns `None` if it can't be compressed.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let pieces = || bytes.chunks(PIECE).map(<[u8]>::to_vec).collect();
        Some(Self { plain: Page::new(pieces()), gzip: Page::gzip(pieces()).ok()? })
    }
}

#[derive(Debug, Default)]
struct Made {
    documents: HashMap<Wanted, (Instant, Document)>,
    followed: Followed,
}

/// Writes documents, one at a time.
#[derive(Debug)]
pub(super) struct Documents {
    metrics: MetricsRegistry,
    /// A different text in each process, by which the browser detects a restart.
    instance: Arc<str>,
    made: Arc<Mutex<Made>>,
}

impl Documents {
    pub(super) fn new(metrics: MetricsRegistry) -> Self {
        let instance = format!("{:016x}", RandomState::new().hash_one(0));
        Self { metrics, instance: instance.into(), made: Arc::default() }
    }

    pub(super) fn metrics(&self) -> &MetricsRegistry {
        &self.metrics
    }

    /// Returns a document, or `None` if the runtime is shutting down.
    pub(super) async fn get(&self, wanted: Wanted) -> Option<Document> {
        let mut made = Arc::clone(&self.made).lock_owned().await;
        made.documents.retain(|_, (at, _)| at.elapsed() < GOOD_FOR);
        if let Some((_, document)) = made.documents.get(&wanted) {
            return Some(document.clone());
        }
        let (metrics, instance) = (self.metrics.clone(), Arc::clone(&self.instance));
        // The task holds the lock until it is done, even if the viewer disconnects.
        run_blocking(move || make(&metrics, &instance, wanted, made)).await.flatten()
    }
}

fn make(
    metrics: &MetricsRegistry,
    instance: &str,
    wanted: Wanted,
    mut made: OwnedMutexGuard<Made>,
) -> Option<Document> {
    let at = Instant::now();
    let bytes = match &wanted {
        Wanted::Overview => overview(&metrics.snapshot(), instance, &mut made.followed),
        Wanted::Families(query) => families(&metrics.snapshot(), query, instance),
        Wanted::Family(name) => one_family(&metrics.snapshot_named(&[name]), name, instance),
        Wanted::Series(query) => series(&metrics.snapshot_named(&[&query.family]), query, instance),
        Wanted::Cardinality => cardinality(&metrics.cardinality(), instance),
    };
    let document = Document::new(&bytes)?;
    made.documents.insert(wanted, (at, document.clone()));
    Some(document)
}
