//! The bytes of a page.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A piece is about as long: a little less than a data frame of HTTP/2 is by default, since it ends with
/// a line.
pub(super) const PIECE: usize = 16 * 1024 - 512;

/// A page in pieces, which all who read it share.
///
/// A server keeps what it was handed until the client has taken it. Each piece has memory of its own, so
/// that a client that stalls keeps a few pieces and not the page: hyper queues 16 of them at most in
/// HTTP/1, and in HTTP/2 one for each stream.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pieces: Arc<[Bytes]>,
    len: usize,
    is_gzip: bool,
}

impl Page {
    /// Of these pieces, none of which is empty.
    pub(super) fn new(pieces: Vec<Vec<u8>>) -> Self {
        let len = pieces.iter().map(Vec::len).sum();
        Self { pieces: pieces.into_iter().map(Bytes::from).collect(), len, is_gzip: false }
    }

    /// The page, compressed.
    pub(super) fn gzip(pieces: Vec<Vec<u8>>) -> io::Result<Self> {
        // The lowest level takes a third of the time that the default one takes, and leaves about a
        // tenth of the page.
        let mut gzip = GzEncoder::new(Pieces::default(), Compression::fast());
        for piece in pieces {
            gzip.write_all(&piece)?;
        }
        let compressed = gzip.finish()?;
        Ok(Self { is_gzip: true, ..Self::new(compressed.0) })
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_gzip(&self) -> bool {
        self.is_gzip
    }

    pub(super) fn piece(&self, number: usize) -> Option<Bytes> {
        self.pieces.get(number).cloned()
    }
}

/// What is written, in pieces.
#[derive(Default)]
struct Pieces(Vec<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = &bytes[..bytes.len().min(PIECE)];
        if let Some(last) = self.0.last_mut().filter(|last| last.len() < PIECE) {
            written = &written[..written.len().min(PIECE - last.len())];
            last.extend_from_slice(written);
        } else {
            self.0.push(written.to_vec());
        }
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
