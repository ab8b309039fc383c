//! Selects the series with the largest values.

use caracal_metrics_core::snapshot::SeriesSnapshot;

/// Sorts the series by descending value, and keeps at most `most` of them, starting with index `first`.
/// Series with equal values are in the order of the page.
pub(super) fn from_largest(series: &mut Vec<SeriesSnapshot<'_>>, first: usize, most: usize) {
    let values = series.iter().map(|series| series.value().as_f64());
    let places = places_from_largest(values.collect(), first, most);
    *series = places.into_iter().map(|place| series[place]).collect();
}

fn places_from_largest(values: Vec<f64>, first: usize, most: usize) -> Vec<usize> {
    let mut places: Vec<_> = values.into_iter().enumerate().collect();
    let order = |(first, a): &(usize, f64), (second, b): &(usize, f64)| {
        b.total_cmp(a).then(first.cmp(second))
    };
    // Only the requested part is sorted.
    if first >= places.len() {
        return Vec::new();
    }
    if first > 0 {
        places.select_nth_unstable_by(first, order);
        places.drain(..first);
    }
    if places.len() > most {
        places.select_nth_unstable_by(most, order);
        places.truncate(most);
    }
    places.sort_unstable_by(order);
    places.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_a_sorted_list_has_there() {
        let values: Vec<_> = (0..100).map(|n| f64::from(n * 37 % 50)).collect();
        let mut sorted: Vec<_> = (0..100).collect();
        sorted.sort_by(|a: &usize, b| values[*b].total_cmp(&values[*a]));
        for first in [0, 1, 42, 99, 100, 1000] {
            for most in [1, 7, 100, 1000] {
                let expected: Vec<_> = sorted.iter().copied().skip(first).take(most).collect();
                assert_eq!(places_from_largest(values.clone(), first, most), expected);
            }
        }
    }
}
