//! The routes that requests matched.

use std::ptr;
use std::sync::OnceLock;

use axum::extract::MatchedPath;

/// Most services have fewer routes.
const PLACES: usize = 128;

/// Routes that requests matched. An exchange keeps the place of its route here: keeping the route itself would
/// count a reference up and down, two locked instructions for each request.
///
/// axum makes the text of a route once, unless the route is in a nested router: then it makes one for each
/// request. A text that finds its place taken by another one is kept by its exchange.
#[derive(Debug)]
pub(crate) struct Routes([OnceLock<MatchedPath>; PLACES]);

/// The route that an exchange matched.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(crate) kept: Option<Kept>,
    /// One that is not [kept](Self::kept).
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
        // Allocations are that far apart.
        let place = text.as_ptr().addr() / 16 % PLACES;
        // The text that is kept is not freed, so no other one has its address.
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
