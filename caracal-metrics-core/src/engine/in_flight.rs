//! Gauges that count guards.
//!
//! Such a gauge is two counters: the guards that were begun, and those that ended. A thread that
//! begins or ends a guard adds to words of its own, so a guard may end on another thread.
//!
//! The value is the difference of two sums over all threads, whose words are read one after the
//! other while guards begin and end. Neither sum goes down, which is what makes the difference
//! exact. First the ended guards are read, then the begun ones, then the ended ones again. If no
//! guard ended in between, then only the begun ones changed while they were read. They grew, by
//! one at a time, from at most to at least the sum that was read, so the difference was the number
//! of guards at a moment of the read. If guards did end in between, the difference is too high by
//! no more than their number. Then the read is repeated, and the least disturbed one counts.
//!
//! A read takes well under a microsecond for each thread. Only a reader that is interrupted by the
//! scheduler sees many guards end meanwhile, and it is not interrupted in every repetition.
//!
//! Both counters are written with `Release` and read with `Acquire`, which gives the following.
//!
//! - Reading that a guard ended, one also reads that it was begun. So a difference is never too low,
//!   and it is zero only if every guard that was begun before the read has ended.
//! - Having read that a guard ended, one also reads all that its thread recorded before.
//! - Reading that a guard was begun, one also reads the ends that came before it. So a read that saw
//!   the begin but not the end is repeated.

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
    in_flight
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
    fn a_reader_that_is_always_disturbed_is_off_by_what_passed_in_the_best_read() {
        assert_eq!(read_while_interrupted(3, usize::MAX), 4);
    }
}
