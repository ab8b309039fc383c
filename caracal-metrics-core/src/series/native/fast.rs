//! A table of the intervals of usual durations.
//!
//! The octave of a duration and the first bits of its fraction determine an index in the table. The entry
//! contains the interval of the shortest such duration, and the next bounds. The range of an entry is so narrow
//! that it has at most one bound of the native buckets. A range with more than one classic bound is not in the
//! table.

/// The octaves of the table, in nanoseconds: from 64 ns to 275 s.
const FIRST_OCTAVE: u32 = 6;
const OCTAVES: u32 = 32;

/// For a higher resolution, the table would be large, so it is left out.
const MOST: i32 = 4;

/// Entries per octave: twice as many as buckets, because the width of the first bucket of an octave is 0.69 of
/// the average.
const BITS: u32 = MOST as u32 + 1;

/// The bits of a float below those of an index.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - BITS;

/// The index of the shortest duration, among the indices of all floats.
const FIRST: u64 = ((1_u64 << FIRST_OCTAVE) as f64).to_bits() >> SHIFT;

/// No interval has this number, so no chunk is found for it.
const NOWHERE: i32 = i32::MIN / 2;

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The interval of the shortest duration.
    interval: i32,
    /// Longer durations than this are in the next native bucket.
    native: u64,
    /// Longer durations than this are in the next classic bucket.
    classic: u64,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    places: Box<[Place]>,
}

impl Table {
    /// Creates the table of a resolution. `interval` returns the interval of a duration, and `below` returns
    /// the number of classic bounds below it. The table is empty for a high resolution.
    pub(super) fn of(
        schema: i32,
        interval: impl Fn(u64) -> i32,
        below: impl Fn(u64) -> usize,
    ) -> Self {
        let places = if schema <= MOST { OCTAVES << BITS } else { 0 };
        let first_of =
            |place: u32| f64::from_bits((FIRST + u64::from(place)) << SHIFT).ceil() as u64;
        let places = (0..places).map(|place| {
            let (from, to) = (first_of(place), first_of(place + 1) - 1);
            let native = |nanos| interval(nanos) - below(nanos) as i32;
            let (native_steps, classic_steps) =
                (native(to) - native(from), below(to) - below(from));
            if native_steps > 1 || classic_steps > 1 {
                return Place { interval: NOWHERE, native: u64::MAX, classic: u64::MAX };
            }
            let step = |has_one: bool, is_beyond: &dyn Fn(u64) -> bool| {
                if has_one { last_before(from, to, is_beyond) } else { u64::MAX }
            };
            Place {
                interval: interval(from),
                native: step(native_steps == 1, &|nanos| native(nanos) > native(from)),
                classic: step(classic_steps == 1, &|nanos| below(nanos) > below(from)),
            }
        });
        Self { places: places.collect() }
    }

    /// Returns the interval of a duration, or `None` if it is not in the table.
    #[inline]
    pub(super) fn interval(&self, nanos: u64) -> Option<i32> {
        let bits = (nanos.cast_signed() as f64).to_bits();
        let place = self.places.get((bits >> SHIFT).wrapping_sub(FIRST) as usize)?;
        let beyond = i32::from(place.native < nanos) + i32::from(place.classic < nanos);
        Some(place.interval + beyond)
    }
}

/// Returns the last number of a range for which `is_beyond` is still false. It must be true for the last number
/// of the range.
fn last_before(from: u64, to: u64, is_beyond: &dyn Fn(u64) -> bool) -> u64 {
    let (mut before, mut beyond) = (from, to);
    while beyond - before > 1 {
        let middle = before + (beyond - before) / 2;
        if is_beyond(middle) { beyond = middle } else { before = middle }
    }
    before
}

#[cfg(test)]
mod tests {
    use super::super::grid::{halvings, seconds};
    use super::super::partition::Partition;
    use super::*;

    #[test]
    fn the_table_has_the_intervals_of_the_partition() {
        let bounds =
            [100, 1_000, 1_000_000, 1_000_001, 5_000_000, 25_000_000, 1 << 30, (1 << 30) + 1];
        let exposed: Vec<_> = bounds.iter().map(|bound| seconds(*bound)).collect();
        let partition = Partition::of(&exposed);
        let below = |nanos| bounds.iter().filter(|bound| **bound < nanos).count();
        for schema in 0..=5 {
            let interval =
                |nanos| partition.position(seconds(nanos), below(nanos)).interval(halvings(schema));
            let table = Table::of(schema, interval, below);
            let mut found = 0;
            // Each native and classic bound, and its neighbours.
            let native = (0..1 << 13).map(|step| 2_f64.powf(f64::from(step) / 256.0 + 6.0) as u64);
            for nanos in native.chain(bounds).flat_map(|nanos| nanos.saturating_sub(2)..nanos + 3) {
                if let Some(found_interval) = table.interval(nanos).filter(|it| *it >= NOWHERE + 2)
                {
                    assert_eq!(found_interval, interval(nanos), "{schema} {nanos}");
                    found += 1;
                }
            }
            assert!(if schema <= MOST { found > 30_000 } else { found == 0 }, "{schema}: {found}");
            for nanos in [0, 1, 63, u64::MAX, 1 << 40] {
                assert_eq!(table.interval(nanos), None);
            }
        }
    }
}
