//! A table of the intervals of usual durations, or of usual positive floating-point numbers.
//!
//! The octave of a number and the first bits of its fraction determine an index in the table. The entry
//! contains the interval of the smallest such number, and the next bounds. The range of an entry is so narrow
//! that it has at most one bound of the native buckets. A range with more than one classic bound is not in
//! the table.

use super::chunks::{CHUNK, Name};

/// The number of octaves in a table.
const OCTAVES: u32 = 32;

/// The first octave of durations in nanoseconds. The table contains durations from 64 ns to 275 s.
const FIRST_OF_NANOS: i32 = 6;

/// The highest resolution with a table. For a higher resolution, the table would be large, so it is left out.
const MOST: i32 = 4;

/// Entries per octave: twice as many as buckets, because the width of the first bucket of an octave is 0.69 of
/// the average.
const BITS: u32 = MOST as u32 + 1;

/// The bits of a float below those of an index.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - BITS;

/// The octaves that a table may contain. A lower octave may contain numbers that belong in the zero bucket.
/// In a higher octave, a chunk may have no [short number](Name::short).
const MAY_HAVE: std::ops::Range<i32> = -127..400;

/// The offset of the intervals in the table, so that none is negative. It is a multiple of the number of
/// intervals in a chunk.
const SHIFTED_BY: i32 = Name::SHORT_ZERO * CHUNK as i32;

/// An interval in a chunk that does not exist, so no chunk is found for it.
const NOWHERE: u32 = Name::SHORT * CHUNK as u32;

/// The interval of a positive number, as it is stored in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shifted(u32);

impl Shifted {
    /// Returns the [short number](Name::short) of the chunk, or a number that no chunk has.
    #[inline]
    pub(super) fn chunk(self) -> u32 {
        self.0 / CHUNK as u32
    }

    /// Returns the index in the chunk.
    #[inline]
    pub(super) fn place(self) -> usize {
        self.0 as usize % CHUNK
    }

    /// Returns the number of the interval, or `None` if the table does not contain it.
    pub(super) fn interval(self) -> Option<i32> {
        (self.0 < NOWHERE).then(|| self.0.cast_signed() - SHIFTED_BY)
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The interval of the smallest number.
    interval: Shifted,
    /// Larger numbers than this are in the next native bucket.
    native: u64,
    /// Larger numbers than this are in the next classic bucket.
    classic: u64,
}

/// The table compares integers, which have the same order as the numbers: the nanoseconds of durations, or
/// the bits of positive floating-point numbers.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The index of the smallest number, if the table contained all floating-point numbers.
    first: u64,
    places: Box<[Place]>,
}

impl Table {
    /// Creates the table of durations. `interval` returns the interval of a duration, and `below` returns the
    /// number of classic bounds below it. The table is empty for a high resolution.
    pub(super) fn of_nanos(
        schema: i32,
        interval: impl Fn(u64) -> i32,
        below: impl Fn(u64) -> usize,
    ) -> Self {
        let least = |place: u64| f64::from_bits(place << SHIFT).ceil() as u64;
        Self::of(schema, FIRST_OF_NANOS, least, interval, below)
    }

    /// Like [`of_nanos`](Self::of_nanos), for positive numbers around these bounds.
    pub(super) fn of_floats(
        schema: i32,
        bounds: &[f64],
        interval: impl Fn(f64) -> i32,
        below: impl Fn(f64) -> usize,
    ) -> Self {
        let mut octaves = bounds.iter().filter(|bound| **bound > 0.0).map(|bound| octave(*bound));
        let least = octaves.next().unwrap_or(0);
        let most = octaves.next_back().unwrap_or(least);
        let first = (least + most - OCTAVES as i32) / 2;
        let first = first.clamp(MAY_HAVE.start, MAY_HAVE.end - OCTAVES as i32);
        let of_bits = f64::from_bits;
        let least = |place| place << SHIFT;
        Self::of(schema, first, least, |bits| interval(of_bits(bits)), |bits| below(of_bits(bits)))
    }

    /// Creates a table that starts at this octave. `least` returns the smallest number of a place.
    fn of(
        schema: i32,
        first_octave: i32,
        least: impl Fn(u64) -> u64,
        interval: impl Fn(u64) -> i32,
        below: impl Fn(u64) -> usize,
    ) -> Self {
        if schema > MOST {
            return Self::default();
        }
        let first = 2_f64.powi(first_octave).to_bits() >> SHIFT;
        let places = (0..u64::from(OCTAVES) << BITS).map(|place| {
            let (from, to) = (least(first + place), least(first + place + 1) - 1);
            let native = |number| interval(number) - below(number) as i32;
            let (native_steps, classic_steps) =
                (native(to) - native(from), below(to) - below(from));
            if native_steps > 1 || classic_steps > 1 {
                return Place { interval: Shifted(NOWHERE), native: u64::MAX, classic: u64::MAX };
            }
            let step = |has_one: bool, is_beyond: &dyn Fn(u64) -> bool| {
                if has_one { last_before(from, to, is_beyond) } else { u64::MAX }
            };
            Place {
                interval: Shifted((interval(from) + SHIFTED_BY).cast_unsigned()),
                native: step(native_steps == 1, &|number| native(number) > native(from)),
                classic: step(classic_steps == 1, &|number| below(number) > below(from)),
            }
        });
        Self { first, places: places.collect() }
    }

    /// Returns the interval of a duration, or `None` if it is not in the table.
    #[inline]
    pub(super) fn of_duration(&self, nanos: u64) -> Option<Shifted> {
        self.interval((nanos.cast_signed() as f64).to_bits(), nanos)
    }

    /// Returns the interval of a number, or `None` if it is not in the table.
    #[inline]
    pub(super) fn of_float(&self, value: f64) -> Option<Shifted> {
        // Zero has smaller bits than all numbers in the table. Negative numbers have larger bits.
        self.interval(value.to_bits(), value.to_bits())
    }

    #[inline]
    fn interval(&self, bits: u64, number: u64) -> Option<Shifted> {
        let place = self.places.get((bits >> SHIFT).wrapping_sub(self.first) as usize)?;
        let beyond = u32::from(place.native < number) + u32::from(place.classic < number);
        Some(Shifted(place.interval.0 + beyond))
    }
}

/// Returns the octave of a positive number.
fn octave(number: f64) -> i32 {
    number.log2().floor() as i32
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
    use super::super::grid::{ZERO_THRESHOLD, halvings, seconds};
    use super::super::partition::{Partition, Region};
    use super::*;

    #[test]
    fn the_table_has_the_intervals_of_durations() {
        let bounds =
            [100, 1_000, 1_000_000, 1_000_001, 5_000_000, 25_000_000, 1 << 30, (1 << 30) + 1];
        let exposed: Vec<_> = bounds.iter().map(|bound| seconds(*bound)).collect();
        let partition = Partition::of(&exposed);
        let below = |nanos| bounds.iter().filter(|bound| **bound < nanos).count();
        for schema in 0..=5 {
            let interval =
                |nanos| partition.position(seconds(nanos), below(nanos)).interval(halvings(schema));
            let table = Table::of_nanos(schema, interval, below);
            let mut found = 0;
            // Each native and classic bound, and its neighbours.
            let native = (0..1 << 13).map(|step| 2_f64.powf(f64::from(step) / 256.0 + 6.0) as u64);
            for nanos in native.chain(bounds).flat_map(|nanos| nanos.saturating_sub(2)..nanos + 3) {
                if let Some(found_interval) = table.of_duration(nanos).and_then(Shifted::interval) {
                    assert_eq!(found_interval, interval(nanos), "{schema} {nanos}");
                    found += 1;
                }
            }
            assert!(if schema <= MOST { found > 30_000 } else { found == 0 }, "{schema}: {found}");
            for nanos in [0, 1, 63, u64::MAX, 1 << 40] {
                assert_eq!(table.of_duration(nanos), None);
            }
        }
    }

    #[test]
    fn the_table_has_the_intervals_of_numbers() {
        let none: &[f64] = &[];
        let tiny = [ZERO_THRESHOLD, ZERO_THRESHOLD * 1.5, 1e-30];
        for bounds in [
            none,
            &[-5.0, 0.0, 0.1, 1.0, 1.0_f64.next_up(), 10.0, 1e6],
            &tiny,
            &[f64::MIN_POSITIVE / 4.0],
            &[1e300, 1e308],
            &[-1e300, -1.0],
        ] {
            let partition = Partition::of(bounds);
            let below = |value| bounds.iter().filter(|bound| **bound < value).count();
            for schema in 0..=MOST {
                let position = |value| partition.position(value, below(value));
                let interval = |value| position(value).interval(halvings(schema));
                let table = Table::of_floats(schema, bounds, interval, below);
                let mut found = 0;
                let native = (-140 * 16..420 * 16).map(|step| 2_f64.powf(f64::from(step) / 16.0));
                let ends = [0.0, f64::MIN_POSITIVE, f64::MAX, ZERO_THRESHOLD];
                let near = |value: f64| [value.next_down(), value, value.next_up()];
                for value in native.chain(ends).chain(bounds.iter().copied()).flat_map(near) {
                    if let Some(found_interval) = table.of_float(value).and_then(Shifted::interval)
                    {
                        assert_eq!(position(value).region, Region::Positive, "{value:e}");
                        assert_eq!(found_interval, interval(value), "{schema} {value:e}");
                        found += 1;
                    }
                }
                assert!(found > 1_000, "{schema} {bounds:?}: {found}");
                for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -1.0] {
                    assert_eq!(table.of_float(value), None);
                }
            }
        }
    }
}
