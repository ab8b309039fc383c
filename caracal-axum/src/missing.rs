//! How much of the body of a response has not been handed over yet.

use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http_body::Body;

/// The number of bytes until a body is complete, if its length was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(u64);

impl Missing {
    /// No body is this long, so the value is free for this use.
    pub(crate) const UNKNOWN: Self = Self(u64::MAX);

    /// The body is complete.
    pub(crate) const NONE: Self = Self(0);

    /// Returns the number for a response whose body has not been read yet.
    #[inline]
    pub(crate) fn of<B: Body>(response: &Response<B>) -> Self {
        let announced = || content_length(response.headers());
        response.body().size_hint().exact().or_else(announced).map_or(Self::UNKNOWN, Self)
    }

    #[inline]
    pub(crate) fn take(&mut self, bytes: usize) {
        if *self != Self::UNKNOWN {
            self.0 = self.0.saturating_sub(bytes as u64);
        }
    }
}

/// Returns the announced length of a body of unknown size (for example, a file that is streamed).
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
