//! Tells [query events](crate::QueryEvents) which queries a wrapped pool already counts.

#[cfg(not(feature = "query-events"))]
mod without {
    use crate::sql::Dialect;

    pub(crate) type Counted<F> = F;

    pub(crate) fn counted<F>(_: Dialect, run: F) -> Counted<F> {
        run
    }
}
#[cfg(feature = "query-events")]
mod marked;

#[cfg(feature = "query-events")]
pub(crate) use marked::{Counted, SPAN, counted};
#[cfg(not(feature = "query-events"))]
pub(crate) use without::{Counted, counted};
