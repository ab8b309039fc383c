//! A page as the body of an answer.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::readers::Reader;

/// Sends a page piece by piece.
///
/// The scrape lasts until the server drops the last piece. Dropping the body does not end it, because the
/// server does that as soon as the bytes are queued, and a slow client may take long to read them.
#[derive(Debug)]
pub(super) struct PageBody {
    /// Dropped with the last piece. An empty page needs no reader.
    reader: Option<Reader>,
    remaining: usize,
}

impl PageBody {
    pub(super) fn new(reader: Option<Reader>, len: usize) -> Self {
        Self { reader: reader.filter(|_| len > 0), remaining: len }
    }
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        let Some(reader) = &self.reader else { return Poll::Ready(None) };
        let Some(piece) = reader.next_piece() else {
            self.reader = None;
            return Poll::Ready(Some(Err(GivenUp)));
        };
        self.remaining -= piece.len();
        if self.remaining > 0 {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let last = LastPiece { piece, _reader: self.reader.take() };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(last)))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining as u64)
    }
}

struct LastPiece {
    piece: Bytes,
    _reader: Option<Reader>,
}

impl AsRef<[u8]> for LastPiece {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

/// The client did not read its page in time.
#[derive(Debug)]
pub(super) struct GivenUp;

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metrics page was not read in time")
    }
}

impl Error for GivenUp {}
