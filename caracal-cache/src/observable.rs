//! The caches that can be wrapped.

use std::sync::Arc;

use crate::kind::Kind;
use crate::observation::Observation;

/// A kind of moka cache that [`CacheObserver::wrap`](crate::CacheObserver::wrap) takes:
/// `moka::future::Cache`, `moka::sync::Cache` and `moka::sync::SegmentedCache`, each with the
/// feature of its module.
pub trait ObservableCache: Kind {
    /// What it becomes.
    type Observed;

    #[doc(hidden)]
    fn observed(observation: Shared<Self>) -> Self::Observed;
}

/// The observation that a wrapper is made of, in a type that no user can name.
#[derive(Debug)]
pub struct Shared<C>(pub(crate) Arc<Observation<C>>);
