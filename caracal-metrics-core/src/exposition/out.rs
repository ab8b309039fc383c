//! Where a page is written.

/// A page that grows, in one buffer or in pieces.
#[derive(Debug)]
pub(crate) struct Out {
    /// The last piece.
    pub(super) buffer: Vec<u8>,
    /// For whoever writes.
    pub(super) scratch: Vec<u8>,
    done: Vec<Vec<u8>>,
    /// From so many bytes on, a piece is full.
    piece: usize,
}

/// Where a message begins.
#[cfg(feature = "protobuf")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    piece: usize,
    byte: usize,
}

/// What a piece has room for beyond its length, since it ends with a line.
const OVERHANG: usize = 512;

impl Out {
    /// Appends the page to this buffer.
    pub(crate) fn whole(buffer: Vec<u8>) -> Self {
        Self { buffer, scratch: Vec::new(), done: Vec::new(), piece: usize::MAX }
    }

    /// Makes pieces of about so many bytes, and of less than twice as many.
    pub(crate) fn in_pieces(bytes: usize) -> Self {
        Self { buffer: Vec::new(), scratch: Vec::new(), done: Vec::new(), piece: bytes.max(1) }
    }

    /// The buffer of a page that is whole.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The pieces, none of which is empty.
    pub(crate) fn into_pieces(mut self) -> Vec<Vec<u8>> {
        if !self.buffer.is_empty() {
            self.end_piece();
        }
        self.done
    }

    /// Begins a piece if the last one is full. What is written so far may be parted from what
    /// follows.
    #[inline]
    pub(super) fn cut(&mut self) {
        if self.buffer.len() >= self.piece {
            self.end_piece();
        }
    }

    #[cold]
    fn end_piece(&mut self) {
        let room = self.piece.saturating_add(OVERHANG);
        let mut full = std::mem::replace(&mut self.buffer, Vec::with_capacity(room));
        if full.len() < self.piece.saturating_mul(2) {
            if full.capacity() > room {
                full.shrink_to_fit();
            }
            self.done.push(full);
        } else {
            self.done.extend(full.chunks(self.piece).map(<[u8]>::to_vec));
        }
    }

    /// Begins a message whose length is not known yet.
    #[cfg(feature = "protobuf")]
    pub(super) fn begin_message(&mut self) -> Mark {
        self.cut();
        Mark { piece: self.done.len(), byte: self.buffer.len() }
    }

    /// Puts the length of a message before it.
    #[cfg(feature = "protobuf")]
    pub(super) fn end_message(&mut self, begun: Mark) {
        let Mark { piece, byte } = begun;
        let pieces = self.done.get(piece..).unwrap_or_default().iter();
        let written: usize = pieces.map(Vec::len).sum::<usize>() + self.buffer.len();
        let mut length = Vec::new();
        crate::wire::varint((written - byte) as u64, &mut length);
        let first = self.done.get_mut(piece).unwrap_or(&mut self.buffer);
        first.splice(byte..byte, length);
        self.cut();
    }
}
