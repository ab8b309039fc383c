//! The routes that requests matched.

use std::ptr;
use std::sync::OnceLock;

use axum::extract::MatchedPath;

/// The number of routes that a layer keeps. Most services have fewer.
const PLACES: usize = 128;

/// Routes that requests matched. An exchange contains the place of its route instead of the route itself,
/// whose reference count would cost two locked instructions for each request.
///
/// axum creates the text of a route once. For a route of a nested router, it creates one for each request. If
/// the place of a text is taken by another one, the exchange keeps its own text.
#[derive(Debug)]
pub(crate) struct Routes([OnceLock<MatchedPath>; PLACES]);

/// The route that an exchange matched.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(crate) kept: Option<Kept>,
    /// The route, if it is not [kept](Self::kept).
    pub(crate) own: Option<MatchedPath>,
}

/// A place in [`Routes`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept(u8);

const _: () = assert!(PLACES <= 1 << u8::BITS);

impl Routes {
    pub(crate) const fn none() -> Self {
        Self([const { OnceLock::new() }; PLACES])
    }

    #[inline]
    pub(crate) fn of(&self, path: &MatchedPath) -> Matched {
        let text = path.as_str();
        // The addresses of two allocations differ by at least this much.
        let place = text.as_ptr().addr() / 16 % PLACES;
        // A kept text is never freed, so no other text has its address.
        if ptr::eq(self.0[place].get_or_init(|| path.clone()).as_str(), text) {
            Matched { kept: Some(Kept(place as u8)), own: None }
        } else {
            Matched { kept: None, own: Some(path.clone()) }
        }
    }

    #[inline]
    pub(crate) fn get(&self, kept: Kept) -> Option<&str> {
        self.0.get(usize::from(kept.0))?.get().map(MatchedPath::as_str)
    }
}
