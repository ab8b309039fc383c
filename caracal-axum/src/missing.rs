//! How much of a response's body was not handed over yet.

use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http_body::Body;

/// Bytes until a body is whole, where its length was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(u64);

impl Missing {
    /// No body is so long that this could be meant.
    pub(crate) const UNKNOWN: Self = Self(u64::MAX);

    /// The body is whole.
    pub(crate) const NONE: Self = Self(0);

    /// Of a response whose body was not read yet.
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

/// The length that a body of unknown size (a file that is streamed, say) was announced with.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
