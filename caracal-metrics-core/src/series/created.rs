//! The time at which series began. Protocol Buffers always has it, and text has it if the registry is
//! configured to.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::blocks::Blocks;
use crate::engine::{Cell, RUN_WORDS};
use crate::family_spec::FamilyKind;

/// Notes when series began.
///
/// This is a trait so that only the method of the builder reaches the code. The linker leaves it out of a
/// program that shows no such times.
pub(crate) trait NoteCreated: fmt::Debug + Send + Sync {
    /// Notes that the series of this cell begins now. Nothing can find it yet.
    fn note(&self, cell: Cell);

    /// Returns the time at which the series of the earliest of these cells began.
    fn of(&self, cells: &[Cell]) -> Option<Start>;
}

/// Returns the notes of when the series of a family of this kind began.
pub(crate) type NotesOf = fn(FamilyKind) -> &'static dyn NoteCreated;

pub(crate) fn note_created(kind: FamilyKind) -> &'static dyn NoteCreated {
    starts_of(kind)
}

/// Like [`note_created`], for a format that always shows when series began.
pub(crate) fn starts_of(kind: FamilyKind) -> &'static Starts {
    static WORDS: Starts = Starts::of_cells(1);
    static HISTOGRAMS: Starts = Starts::of_cells(RUN_WORDS);
    if kind.is_histogram() { &HISTOGRAMS } else { &WORDS }
}

/// The time at which a series began, in nanoseconds. It contains the bytes of a `google.protobuf.Timestamp`, so that
/// a page only copies them.
///
/// All timestamps have the same length, so that one can be overwritten by another. The seconds since 1970 and the
/// remaining nanoseconds are varints of five bytes, with leading zeros, which readers skip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    first: u64,
    last: u32,
}

/// The length of a field of a [`Start`], in bytes: the key, and five bytes of seven bits each. This is enough until
/// the year 3058.
const FIELD: u32 = 6;

impl Start {
    #[cfg_attr(
        not(feature = "protobuf"),
        expect(dead_code, reason = "only protobuf has it for each row")
    )]
    pub(crate) const BYTES: usize = 2 * FIELD as usize;

    fn now() -> Self {
        // If the clock is before 1970, there is no better value.
        Self::at(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn at(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().min((1 << (7 * (FIELD - 1))) - 1);
        let nanos = field(2, since_epoch.subsec_nanos().into());
        let first = field(1, seconds) | nanos << (8 * FIELD);
        Self { first, last: (nanos >> (u64::BITS - 8 * FIELD)) as u32 }
    }

    /// Returns the fields of the message.
    #[cfg(feature = "protobuf")]
    #[inline]
    pub(crate) fn bytes(self) -> [u8; Self::BYTES] {
        let all = u128::from(self.first) | u128::from(self.last) << u64::BITS;
        *all.to_le_bytes().first_chunk().unwrap_or(&[0; Self::BYTES])
    }

    /// Returns the time if one was [noted](NoteCreated::note).
    #[inline]
    pub(crate) fn noted(self) -> Option<Self> {
        // The key of the first field is never zero.
        (self.first != 0).then_some(self)
    }

    /// Returns the time since 1970.
    pub(crate) fn since_epoch(self) -> Duration {
        let nanos = self.first >> (8 * FIELD) | u64::from(self.last) << (u64::BITS - 8 * FIELD);
        Duration::new(number(self.first), number(nanos) as u32)
    }
}

/// Returns a field whose value is a varint of five bytes. The lowest byte is the first one.
fn field(field: u64, value: u64) -> u64 {
    let sevens = (0..FIELD - 1).map(|place| (value >> (7 * place) & 0x7f) << (8 * place));
    let more = 0x8080_8080;
    field << 3 | sevens.fold(more, |all, seven| all | seven) << 8
}

/// Returns the value of a [`field`].
fn number(field: u64) -> u64 {
    (0..FIELD - 1).map(|place| (field >> (8 * place + 8) & 0x7f) << (7 * place)).sum()
}

/// The starts of sixteen cells with consecutive numbers.
#[derive(Default)]
struct Sixteen {
    first: [AtomicU64; RUN_WORDS],
    last: [AtomicU32; RUN_WORDS],
}

/// Returns the time at which the series of the cell with this number began, or the default if none was noted.
#[inline]
fn start_in(sixteen: Option<&OnceLock<Box<Sixteen>>>, number: usize) -> Start {
    let Some(sixteen) = sixteen.and_then(OnceLock::get) else { return Start::default() };
    // A thread that has found the cell also sees the time, which was noted before.
    let place = number % RUN_WORDS;
    Start { first: sixteen.first[place].load(Relaxed), last: sixteen.last[place].load(Relaxed) }
}

/// The times at which the series of cells began, indexed by the number of the cell.
///
/// All registries share this table, because they share the cells of the engine. A cell that is reused is noted again
/// before its new series can be found. The entries of 16 counters or histograms take about 220 bytes.
pub(crate) struct Starts {
    starts: Blocks<OnceLock<Box<Sixteen>>>,
    /// The cells are multiples of this power of two.
    step: u32,
}

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starts").field("step", &self.step).finish_non_exhaustive()
    }
}

impl Starts {
    const fn of_cells(step: usize) -> Self {
        Self { starts: Blocks::none(), step: step.ilog2() }
    }

    #[inline]
    fn number(&self, cell: Cell) -> usize {
        (cell.to_raw() >> self.step) as usize
    }

    /// Replaces `starts` by the times at which the series of these cells began, or the default if none was noted.
    ///
    /// The cells of neighbouring rows may be far apart in memory. In one loop, the processor waits for many of them at
    /// a time.
    #[cfg(feature = "protobuf")]
    pub(crate) fn read(&self, cells: &[Cell], starts: &mut Vec<Start>) {
        let mut sixteens = self.starts.reader();
        starts.clear();
        starts.extend(cells.iter().map(|cell| {
            let number = self.number(*cell);
            start_in(sixteens.get(number / RUN_WORDS), number)
        }));
    }

    #[inline]
    fn start(&self, cell: Cell) -> Start {
        let number = self.number(cell);
        start_in(self.starts.from(number / RUN_WORDS).first(), number)
    }
}

/// Returns the earliest of these times.
pub(crate) fn earliest(starts: impl Iterator<Item = Start>) -> Option<Start> {
    starts.filter_map(Start::noted).min_by_key(|start| start.since_epoch())
}

impl NoteCreated for Starts {
    fn note(&self, cell: Cell) {
        let number = self.number(cell);
        let none = || (0..).map(|_| OnceLock::new());
        self.starts.make(number / RUN_WORDS, |len| none().take(len).collect());
        let sixteen = self.starts.from(number / RUN_WORDS)[0].get_or_init(Box::default);
        let (Start { first, last }, place) = (Start::now(), number % RUN_WORDS);
        sixteen.first[place].store(first, Relaxed);
        sixteen.last[place].store(last, Relaxed);
    }

    fn of(&self, cells: &[Cell]) -> Option<Start> {
        earliest(cells.iter().map(|cell| self.start(*cell)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_kept_to_the_nanosecond() {
        let last = (1 << 35) - 1;
        for (seconds, nanos) in [(0, 0), (0, 1), (1, 999_999_999), (127, 128), (last, 999_999_999)]
        {
            let time = Duration::new(seconds, nanos);
            assert_eq!(Start::at(time).since_epoch(), time);
            assert!(Start::at(time).noted().is_some());
        }
        assert_eq!(Start::at(Duration::MAX).since_epoch().as_secs(), last);
        assert!(Start::default().noted().is_none());
    }

    #[test]
    fn each_cell_has_a_start_of_its_own() {
        for step in [1, RUN_WORDS] {
            let starts = Starts::of_cells(step);
            let cells = [0, 1, 15, 16, 17, 1000, 100_000].map(|n| Cell::from_raw(n * step as u32));
            assert_eq!(starts.of(&cells), None);
            for cell in cells {
                starts.note(cell);
            }
            let noted = cells.map(|cell| starts.of(&[cell]).unwrap().since_epoch());
            assert!(noted.is_sorted() && noted[0] > Duration::ZERO, "{noted:?}");
            let first = starts.start(cells[0]);
            starts.note(cells[3]);
            let again = starts.start(cells[3]).since_epoch();
            assert!(again >= noted[6], "the cell is given out again");
            assert_eq!(starts.start(cells[0]), first);
            assert_eq!(starts.of(&[cells[3], cells[0], cells[1]]), Some(first));
            assert_eq!(starts.of(&[Cell::from_raw(500 * step as u32)]), None);
        }
    }
}
