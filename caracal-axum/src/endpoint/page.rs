//! The bytes of a page.

use std::sync::Arc;

use bytes::Bytes;

/// The bytes of a data frame of HTTP/2, by default.
const CHUNK: usize = 16 * 1024;

/// A page in pieces, which all who read it share.
///
/// A server keeps what it was handed until the client has taken it. Each piece has memory of its own, so
/// that a client that stalls keeps a few pieces and not the page: hyper queues 16 of them at most in
/// HTTP/1, and in HTTP/2 one for each stream.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pieces: Arc<[Bytes]>,
    len: usize,
}

impl Page {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { pieces: bytes.chunks(CHUNK).map(Bytes::copy_from_slice).collect(), len: bytes.len() }
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn piece(&self, number: usize) -> Option<Bytes> {
        self.pieces.get(number).cloned()
    }
}
