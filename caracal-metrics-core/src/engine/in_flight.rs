//! Gauges that count guards.
//!
//! Such a gauge consists of two counters: the guards that were started, and those that ended. A thread that
//! starts or ends a guard adds to its own words, so a guard can end on another thread.
//!
//! The value is the difference of two sums over all threads. Their words are read one after the other while
//! guards start and end. The difference is correct because neither sum decreases. First the ended guards are
//! read, then the started ones, and then the ended ones again. If no guard ended in between, only the started
//! guards changed while they were read. Their number grew one by one, from at most the sum that was read to at
//! least that sum. The difference was therefore the number of guards at some moment during the read. If guards
//! ended in between, the difference may be too high, but at most by their number. The read is then repeated.
//! The least disturbed read is used, and half of the guards that ended during that read are assumed to have
//! ended before its middle.
//!
//! A read takes much less than a microsecond per thread. Many guards end during a read only if the scheduler
//! interrupts the reader, and it does not interrupt every repetition.
//!
//! Both counters are written with `Release` and read with `Acquire`. This has three consequences:
//!
//! - A reader that sees that a guard ended also sees that it was started. The difference is therefore never too
//!   low, and it is zero only if every guard that was started before the read has ended.
//! - A reader that sees that a guard ended also sees everything that was recorded before.
//! - A reader that sees that a guard was started also sees the ends that came before. It can therefore not see
//!   a start without those ends and take this for an undisturbed read.

/// The maximum number of reads.
const TRIES: usize = 8;

/// Returns the number of guards. Each function reads all words of one counter, with `Acquire`.
pub(super) fn read(begun: impl Fn() -> u64, ended: impl Fn() -> u64) -> u64 {
    let mut before = ended();
    let (mut fewest, mut in_flight) = (u64::MAX, 0);
    for _ in 0..TRIES {
        let begun = begun();
        let after = ended();
        let ended_meanwhile = after.wrapping_sub(before);
        if ended_meanwhile < fewest {
            (fewest, in_flight) = (ended_meanwhile, begun.wrapping_sub(before));
        }
        if ended_meanwhile == 0 {
            break;
        }
        before = after;
    }
    // The result is not zero, because this would mean that all guards have ended.
    in_flight.saturating_sub(fewest / 2).max(in_flight.min(1))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Reads while one guard at a time is in flight. During the first `interrupted` reads, this number of
    /// guards start and end between two words.
    fn read_while_interrupted(guards: u64, interrupted: usize) -> u64 {
        let (begun, ended, reads) = (Cell::new(1), Cell::new(0), Cell::new(0));
        let begun_now = || {
            if reads.replace(reads.get() + 1) < interrupted {
                begun.set(begun.get() + guards);
                ended.set(ended.get() + guards);
            }
            begun.get()
        };
        read(begun_now, || ended.get())
    }

    #[test]
    fn an_interrupted_reader_counts_no_guards_that_passed() {
        assert_eq!(read_while_interrupted(500, 0), 1);
        assert_eq!(read_while_interrupted(500, 1), 1);
        assert_eq!(read_while_interrupted(500, TRIES - 1), 1);
    }

    #[test]
    fn an_always_disturbed_reader_is_off_by_half_of_the_best_read() {
        // As far as the reader can tell, between 1 and 5 guards were in flight.
        assert_eq!(read_while_interrupted(4, usize::MAX), 3);
    }

    #[test]
    fn zero_is_read_only_when_all_have_ended() {
        let (begun, ended) = (Cell::new(1), Cell::new(0));
        let ended_now = || {
            // Repeatedly, a hundred guards start and end before the second read of the ended ones.
            begun.set(begun.get() + 100);
            ended.replace(ended.get() + 100)
        };
        assert!(read(|| ended.get() + 1, ended_now) > 0);
        assert_eq!(read(|| 7, || 7), 0);
    }
}
