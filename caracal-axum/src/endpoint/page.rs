//! The bytes of a page.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The approximate length of a piece. It is a little less than the default data frame of HTTP/2, because a
/// piece ends at the end of a line.
pub(super) const PIECE: usize = 16 * 1024 - 512;

/// A page in pieces, which all of its readers share.
///
/// A server keeps the data that it was given until the client has taken it. Each piece is allocated
/// separately, so a client that stalls keeps only a few pieces in memory, and not the whole page. hyper
/// queues at most 16 of them in HTTP/1, and one for each stream in HTTP/2.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pieces: Arc<[Bytes]>,
    len: usize,
    is_gzip: bool,
}

impl Page {
    /// Creates a page from these pieces. None of them may be empty.
    pub(super) fn new(pieces: Vec<Vec<u8>>) -> Self {
        let len = pieces.iter().map(Vec::len).sum();
        Self { pieces: pieces.into_iter().map(Bytes::from).collect(), len, is_gzip: false }
    }

    /// Returns the page compressed.
    pub(super) fn gzip(pieces: Vec<Vec<u8>>) -> io::Result<Self> {
        // The lowest level takes a third of the time of the default level, and reduces the page to about a
        // tenth.
        let mut gzip = GzEncoder::new(Pieces::default(), Compression::fast());
        for piece in pieces {
            gzip.write_all(&piece)?;
        }
        let compressed = gzip.finish()?;
        Ok(Self { is_gzip: true, ..Self::new(compressed.0) })
    }

    /// Returns the length in bytes.
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

/// Collects the written bytes in pieces.
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
