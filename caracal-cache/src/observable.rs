//! The caches that can be wrapped.

use std::sync::Arc;

use crate::kind::Kind;
use crate::observation::Observation;

/// A kind of moka cache that you can pass to [`CacheObserver::wrap`](crate::CacheObserver::wrap):
/// `moka::future::Cache`, `moka::sync::Cache` or `moka::sync::SegmentedCache`. Each needs the
/// feature of its module.
pub trait ObservableCache: Kind {
    /// The type of the wrapper.
    type Observed;

    #[doc(hidden)]
    fn observed(observation: Shared<Self>) -> Self::Observed;
}

/// The observation inside a wrapper. Its type cannot be named by users.
#[derive(Debug)]
pub struct Shared<C>(pub(crate) Arc<Observation<C>>);
