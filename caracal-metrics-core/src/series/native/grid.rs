//! Finds the native bucket of a number.

use super::fractions::{BOUNDS, FRACTIONS, HIGHEST};

/// Numbers with an absolute value of at most this are in the zero bucket: 2^-128, as in client_golang.
pub(super) const ZERO_THRESHOLD: f64 = f64::from_bits((EXPONENT_OF_ONE - 128) << FRACTION_BITS);

const EXPONENT_OF_ONE: u64 = 1023;
const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// Returns the bucket of a number greater than [`ZERO_THRESHOLD`], at the highest resolution. Bucket `i`
/// contains the numbers above 2^((i - 1) / 256) and up to 2^(i / 256).
pub(super) fn index(value: f64) -> i32 {
    let bits = value.to_bits();
    let exponent = (bits >> FRACTION_BITS) as i32 - EXPONENT_OF_ONE as i32;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let slot = (fraction >> (FRACTION_BITS - SLOTS.ilog2())) as usize;
    let below = usize::from(BELOW[slot]);
    // A slot is so narrow that it contains at most one bound.
    let is_above = FRACTIONS.get(below).is_some_and(|bound| *bound < fraction);
    exponent * BOUNDS as i32 + below as i32 + i32::from(is_above)
}

/// The number of slots per octave. The width of the first bucket of an octave is 0.69 of the average.
const SLOTS: usize = 2 * BOUNDS;

/// For each slot, the number of bounds below all of its numbers.
static BELOW: [u16; SLOTS] = {
    let mut below = [0; SLOTS];
    let (mut slot, mut bounds) = (0, 0);
    while slot < SLOTS {
        let first = (slot as u64) << (FRACTION_BITS - SLOTS.ilog2());
        while bounds < BOUNDS && FRACTIONS[bounds] < first {
            bounds += 1;
        }
        below[slot] = bounds as u16;
        slot += 1;
    }
    below
};

/// Returns the bucket that contains this one after the resolution was halved this many times.
pub(crate) fn halved(index: i32, times: u32) -> i32 {
    (index + (1 << times) - 1) >> times
}

/// Returns how many times the highest resolution is halved to get this one, in the numbering of Prometheus.
pub(super) fn halvings(schema: i32) -> u32 {
    (HIGHEST as i32 - schema) as u32
}

/// Returns a duration as it is on a page.
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::super::fractions::log_of_power;
    use super::*;

    #[test]
    fn powers_of_two_are_the_last_of_their_bucket() {
        for schema in -4..=HIGHEST as i32 {
            for exponent in [-100, -8, -1, 0, 1, 7, 1000] {
                let at = |value| halved(index(value), halvings(schema));
                let power = 2_f64.powi(exponent);
                assert_eq!(f64::from(at(power)), (f64::from(exponent) * 2_f64.powi(schema)).ceil());
                let is_bound = schema >= 0 || exponent % (1 << -schema) == 0;
                assert_eq!(
                    at(power.next_up()),
                    at(power) + i32::from(is_bound),
                    "{schema} {power}"
                );
                assert_eq!(at(power.next_down()), at(power), "{schema} {power}");
            }
        }
    }

    /// Returns the smallest index for which a number is at most 2^(`index` / 2^`schema`), computed with
    /// integers: the binary logarithm of the number to the power of 2^`schema`, rounded up.
    fn index_of(value: f64, schema: u32) -> i32 {
        let bits = value.to_bits();
        let exponent = (bits >> FRACTION_BITS) as i32 - EXPONENT_OF_ONE as i32;
        let significand = 1 << FRACTION_BITS | bits & ((1 << FRACTION_BITS) - 1);
        let (log, is_exact) = log_of_power(significand, schema);
        // The value is the significand times 2^(exponent - 52).
        let shift = (exponent - FRACTION_BITS as i32) << schema;
        log as i32 + shift + i32::from(!is_exact)
    }

    /// For each resolution, 10,000 numbers: bounds and their neighbours in octaves from 2^-100 to 2^100, and
    /// numbers from anywhere in between. The bucket of each number is computed with integers only.
    #[test]
    fn buckets_match_the_formula() {
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for schema in 0..=HIGHEST {
            let mut checked = 0;
            while checked < 10_000 {
                let octave = (random() % 200) as i32 - 100;
                let fraction = FRACTIONS[(random() % BOUNDS as u64) as usize];
                let bound = 2_f64.powi(octave)
                    * f64::from_bits(EXPONENT_OF_ONE << FRACTION_BITS | fraction);
                let anywhere = 2_f64.powi(octave) * (1.0 + random() as f64 / (1_u64 << 31) as f64);
                for value in [bound.next_down(), bound, bound.next_up(), anywhere] {
                    let found = halved(index(value), halvings(schema as i32));
                    assert_eq!(found, index_of(value, schema), "{schema} {value:e}");
                    checked += 1;
                }
            }
        }
    }

    /// Libraries that compute the bounds in floating point have slightly different bounds. In client_golang
    /// 1.14, 139 of the 256 bounds differ, by up to three units in the last place. Numbers within three units
    /// of a bound may therefore be in different buckets. This does not affect durations, because none of them
    /// is that close to a bound.
    #[test]
    fn durations_have_the_same_buckets_if_the_bounds_are_rounded() {
        let mut on_a_bound = Vec::new();
        let mut checked = 0;
        // The powers of two are exact everywhere.
        for fraction in &FRACTIONS[1..] {
            for octave in -30..10 {
                let one = f64::from_bits(EXPONENT_OF_ONE << FRACTION_BITS | fraction);
                let bound = 2_f64.powi(octave) * one;
                let nearest = (bound * 1e9).round() as u64;
                for nanos in nearest.saturating_sub(1)..=nearest + 1 {
                    if (1..=1_000_000_000_000).contains(&nanos) {
                        match seconds(nanos).to_bits().abs_diff(bound.to_bits()) {
                            0 => on_a_bound.push(nanos),
                            distance => assert!(distance > 40, "{nanos} {bound:e} {distance}"),
                        }
                        checked += 1;
                    }
                }
            }
        }
        assert!(checked > 29_000, "{checked}");
        // Each of these is the greatest number that is not above the bound, and is the bound in
        // client_golang.
        assert_eq!(on_a_bound, [311_103_324_155, 622_206_648_310]);
    }

    #[test]
    fn the_largest_and_smallest_numbers_have_a_bucket() {
        assert_eq!(halved(index(f64::MAX), halvings(0)), 1024);
        assert_eq!(halved(index(ZERO_THRESHOLD.next_up()), halvings(0)), -127);
        assert_eq!(ZERO_THRESHOLD, 2.938_735_877_055_719e-39);
    }
}
