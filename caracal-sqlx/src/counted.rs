//! Tells [query events](crate::QueryEvents) what a wrapped pool counts already.

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
pub(crate) use marked::{Counted, counted, is_span};
#[cfg(not(feature = "query-events"))]
pub(crate) use without::{Counted, counted};
