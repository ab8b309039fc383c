//! The output of a page.

/// A growing page, in one buffer or in pieces.
#[derive(Debug)]
pub(crate) struct Out {
    /// The last piece.
    pub(super) buffer: Vec<u8>,
    /// A buffer for temporary use while writing.
    pub(super) scratch: Vec<u8>,
    done: Vec<Vec<u8>>,
    /// A piece of at least this length is full.
    piece: usize,
}

/// Appends the first `len` bytes. This copies a constant number of bytes, without a call, and cuts off the
/// excess.
#[inline]
pub(super) fn push_short<const N: usize>(text: &[u8; N], len: usize, out: &mut Vec<u8>) {
    let end = out.len() + len;
    out.extend_from_slice(text);
    out.truncate(end);
}

/// Bytes that are appended repeatedly.
#[derive(Debug)]
pub(super) struct Repeated {
    /// The bytes, followed by [`SHORT`] more.
    bytes: Vec<u8>,
    len: usize,
}

/// Up to this length, the bytes are copied without a call.
const SHORT: usize = 32;

impl Default for Repeated {
    fn default() -> Self {
        Self { bytes: vec![0; SHORT], len: 0 }
    }
}

impl Repeated {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut repeated = Self::default();
        repeated.rewrite(0, |own| own.extend_from_slice(bytes));
        repeated
    }

    #[cfg(feature = "protobuf")]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Replaces the bytes from this index on by those that `write` appends.
    pub(super) fn rewrite(&mut self, from: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.truncate(from);
        write(&mut self.bytes);
        self.len = self.bytes.len();
        self.bytes.resize(self.len + SHORT, 0);
    }

    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        match self.bytes.first_chunk::<SHORT>() {
            Some(short) if self.len <= SHORT => push_short(short, self.len, out),
            _ => out.extend_from_slice(&self.bytes[..self.len]),
        }
    }
}

/// The start of a message.
#[cfg(feature = "protobuf")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    piece: usize,
    byte: usize,
    /// The number of bytes that are kept free for the length.
    room: usize,
}

/// The room of a piece beyond its length, because it ends at the end of a line.
const OVERHANG: usize = 512;

/// Memory for a longer page is reserved before the page is written, in bytes.
const LONG: usize = 1 << 20;

impl Out {
    /// Creates an output that appends the page to this buffer.
    pub(crate) fn whole(buffer: Vec<u8>) -> Self {
        Self { buffer, scratch: Vec::new(), done: Vec::new(), piece: usize::MAX }
    }

    /// Creates an output in pieces of about this length, and of less than twice this length.
    pub(crate) fn in_pieces(bytes: usize) -> Self {
        Self { buffer: Vec::new(), scratch: Vec::new(), done: Vec::new(), piece: bytes.max(1) }
    }

    /// Returns the buffer of a page in one buffer.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Returns the pieces. None of them is empty.
    pub(crate) fn into_pieces(mut self) -> Vec<Vec<u8>> {
        if !self.buffer.is_empty() {
            self.end_piece();
        }
        self.done
    }

    /// Reserves memory for about this many further bytes. A long page that grows by doubling is copied often, and
    /// the allocator does not return all of the outgrown buffers to the system.
    pub(super) fn expect(&mut self, bytes: usize) {
        if self.piece == usize::MAX && bytes > LONG {
            self.buffer.reserve(bytes);
        }
    }

    /// Starts a new piece if the last one is full. Call this where the page can be split.
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

    /// Starts a message of about this number of bytes.
    #[cfg(feature = "protobuf")]
    pub(super) fn begin_message(&mut self, about: usize) -> Mark {
        self.cut();
        self.expect(about);
        let byte = self.buffer.len();
        let room = crate::wire::varint_len(about as u64) as usize;
        self.buffer.resize(byte + room, 0);
        Mark { piece: self.done.len(), byte, room }
    }

    /// Writes the length of a message before it. The message is moved only if its length takes more or fewer bytes
    /// than expected.
    #[cfg(feature = "protobuf")]
    pub(super) fn end_message(&mut self, begun: Mark) {
        let Mark { piece, byte, room } = begun;
        let end_of_room = byte + room;
        let pieces = self.done.get(piece..).unwrap_or_default().iter();
        let written: usize = pieces.map(Vec::len).sum::<usize>() + self.buffer.len();
        let mut length = Vec::new();
        crate::wire::varint((written - end_of_room) as u64, &mut length);
        let first = self.done.get_mut(piece).unwrap_or(&mut self.buffer);
        first.splice(byte..end_of_room, length);
        self.cut();
    }
}
