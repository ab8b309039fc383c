//! When series began. Protocol Buffers always says so, text where the registry was asked to.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::blocks::Blocks;
use crate::engine::{Cell, RUN_WORDS};
use crate::family_spec::FamilyKind;

/// Notes when series began.
///
/// A trait: the code is reached only from the builder's method that asks for it, so the linker leaves it
/// out of a program that shows no such lines.
pub(crate) trait NoteCreated: fmt::Debug + Send + Sync {
    /// The series of this cell begins now. Nothing can find it yet.
    fn note(&self, cell: Cell);

    /// When the earliest of these cells began.
    fn of(&self, cells: &[Cell]) -> Option<Start>;
}

/// What notes when the series of a family of this kind began.
pub(crate) type NotesOf = fn(FamilyKind) -> &'static dyn NoteCreated;

pub(crate) fn note_created(kind: FamilyKind) -> &'static dyn NoteCreated {
    starts_of(kind)
}

/// The same, for a format that always says when series began.
pub(crate) fn starts_of(kind: FamilyKind) -> &'static Starts {
    static WORDS: Starts = Starts::of_cells(1);
    static HISTOGRAMS: Starts = Starts::of_cells(RUN_WORDS);
    if kind.is_histogram() { &HISTOGRAMS } else { &WORDS }
}

/// A time to the nanosecond. Until 2514, later ones are that year's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Start(u64);

impl Start {
    /// Bits of the nanoseconds. The seconds since 1970 are above them: both formats have the two apart, so
    /// that no page divides.
    const NANOS: u32 = 30;

    fn now() -> Self {
        // A clock that is before 1970 knows nothing better.
        Self::at(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn at(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().min(u64::MAX >> Self::NANOS);
        Self(seconds << Self::NANOS | u64::from(since_epoch.subsec_nanos()))
    }

    pub(crate) fn since_epoch(self) -> Duration {
        Duration::new(self.seconds(), self.nanos())
    }

    /// Whole seconds since 1970.
    #[inline]
    pub(crate) fn seconds(self) -> u64 {
        self.0 >> Self::NANOS
    }

    /// Nanoseconds after those.
    #[inline]
    pub(crate) fn nanos(self) -> u32 {
        (self.0 & ((1 << Self::NANOS) - 1)) as u32
    }
}

/// Starts of some cells, with numbers that follow each other.
type Sixteen = [AtomicU64; RUN_WORDS];

/// When the series of cells began, by the number of the cell.
///
/// The cells of the process have one table for all registries, as they have one engine. A cell that is given out
/// again is noted again before its new series can be found. Where no counter or histogram has been, there is no
/// memory: of sixteen counters it takes 144 bytes.
pub(crate) struct Starts {
    starts: Blocks<OnceLock<Box<Sixteen>>>,
    /// The cells are multiples of this.
    step: usize,
}

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starts").field("step", &self.step).finish_non_exhaustive()
    }
}

impl Starts {
    const fn of_cells(step: usize) -> Self {
        Self { starts: Blocks::none(), step }
    }

    #[inline]
    fn number(&self, cell: Cell) -> usize {
        cell.to_raw() as usize / self.step
    }

    /// When the series of this cell began.
    #[inline]
    fn start(&self, cell: Cell) -> Option<Start> {
        let number = self.number(cell);
        let some = self.starts.from(number / RUN_WORDS).first()?.get()?;
        // Who found the cell sees what was noted before.
        Some(Start(some[number % RUN_WORDS].load(Relaxed)))
    }

    /// When the earliest of these cells began.
    #[inline]
    pub(crate) fn earliest(&self, cells: &[Cell]) -> Option<Start> {
        match cells {
            // Nearly all series of a page.
            [cell] => self.start(*cell),
            _ => cells.iter().filter_map(|cell| self.start(*cell)).min(),
        }
    }
}

impl NoteCreated for Starts {
    fn note(&self, cell: Cell) {
        let number = self.number(cell);
        let none = || (0..).map(|_| OnceLock::new());
        self.starts.make(number / RUN_WORDS, |len| none().take(len).collect());
        let some = &self.starts.from(number / RUN_WORDS)[0];
        let some = some.get_or_init(|| Box::new([const { AtomicU64::new(0) }; RUN_WORDS]));
        some[number % RUN_WORDS].store(Start::now().0, Relaxed);
    }

    fn of(&self, cells: &[Cell]) -> Option<Start> {
        self.earliest(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_kept_to_the_nanosecond_and_in_order() {
        let times = [(0, 0), (0, 1), (1, 999_999_999), (2, 0), ((1 << 34) - 1, 999_999_999)];
        let starts = times.map(|(seconds, nanos)| Start::at(Duration::new(seconds, nanos)));
        for ((seconds, nanos), start) in times.into_iter().zip(starts) {
            assert_eq!((start.seconds(), start.nanos()), (seconds, nanos));
        }
        assert!(starts.is_sorted());
        assert_eq!(Start::at(Duration::MAX).seconds(), (1 << 34) - 1);
    }

    #[test]
    fn each_cell_has_a_start_of_its_own() {
        for step in [1, RUN_WORDS] {
            let starts = Starts::of_cells(step);
            let cells = [0, 1, 15, 16, 17, 1000, 100_000].map(|n| Cell::from_raw(n * step as u32));
            assert_eq!(starts.earliest(&cells), None);
            for cell in cells {
                starts.note(cell);
            }
            let noted = cells.map(|cell| starts.start(cell).unwrap());
            assert!(noted.is_sorted() && noted[0].seconds() > 0);
            let first = starts.start(cells[0]);
            starts.note(cells[3]);
            assert!(starts.start(cells[3]).unwrap() >= noted[6], "the cell is given out again");
            assert_eq!(starts.start(cells[0]), first);
            assert_eq!(starts.earliest(&[cells[3], cells[0], cells[1]]), first);
            assert_eq!(starts.start(Cell::from_raw(500 * step as u32)).map(|start| start.0), None);
        }
    }
}
