//! Gauges that count guards.
//!
//! Such a gauge is two counters: the guards that were begun, and those that ended. A thread that
//! begins or ends a guard adds to words of its own, so a guard may end on another thread.
//!
//! The value is the difference of two sums over all threads, whose words are read one after the
//! other while guards begin and end. Neither sum goes down, and that is what makes the difference
//! right. First the ended guards are read, then the begun ones, then the ended ones again. If no
//! guard ended in between, then only the begun ones changed while they were read. They grew one by
//! one, from at most to at least the sum that was read, so the difference was the number of guards at
//! a moment of the read. If guards did end in between, then the difference may be too high, but not
//! by more than their number. The read is repeated, the least disturbed one counts, and half of the
//! guards that ended during that one are taken to have ended before its middle.
//!
//! A read takes well under a microsecond for each thread. Only a reader that the scheduler interrupts
//! sees many guards end meanwhile, and it is not interrupted in every repetition.
//!
//! Both counters are written with `Release` and read with `Acquire`. Three things follow.
//!
//! - A reader that sees that a guard ended also sees that it was begun. So the difference is never too
//!   low, and is zero only if every guard that was begun before the read has ended.
//! - A reader that sees that a guard ended also sees all that was recorded before.
//! - A reader that sees that a guard was begun also sees the ends that came before it. So it can't
//!   take a begin without those ends for an undisturbed read.

/// How often the words are read at most.
const TRIES: usize = 8;

/// How many guards there are. Each function reads all words of one counter, with `Acquire`.
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
    // Not zero, which would say that all have ended.
    in_flight.saturating_sub(fewest / 2).max(in_flight.min(1))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Reads while one guard at a time is in flight, and so many of them begin and end between two
    /// words of the first `interrupted` reads.
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
    fn a_reader_that_is_interrupted_counts_none_of_what_passed_meanwhile() {
        assert_eq!(read_while_interrupted(500, 0), 1);
        assert_eq!(read_while_interrupted(500, 1), 1);
        assert_eq!(read_while_interrupted(500, TRIES - 1), 1);
    }

    #[test]
    fn a_reader_that_is_always_disturbed_is_off_by_half_of_what_passed_in_the_best_read() {
        // Between 1 and 5 were in flight, for all that the reader knows.
        assert_eq!(read_while_interrupted(4, usize::MAX), 3);
    }

    #[test]
    fn zero_is_read_only_when_all_have_ended() {
        let (begun, ended) = (Cell::new(1), Cell::new(0));
        let ended_now = || {
            // A hundred begin and end before the second read of the ended ones, again and again.
            begun.set(begun.get() + 100);
            ended.replace(ended.get() + 100)
        };
        assert!(read(|| ended.get() + 1, ended_now) > 0);
        assert_eq!(read(|| 7, || 7), 0);
    }
}
