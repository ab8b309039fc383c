//! Cells, as the rest of the crate uses them.

use super::*;

#[test]
fn a_released_cell_is_given_out_again_and_reads_zero() {
    let histogram = allocate(Width::Histogram);
    let word = allocate(Width::Word);
    let pair = allocate(Width::Pair);
    observe(histogram, 3, 5);
    add(word, 7);
    begin(pair);
    release(histogram, Width::Histogram);
    release(word, Width::Word);
    release(pair, Width::Pair);
    assert_eq!(allocate(Width::Histogram), histogram);
    assert_eq!(allocate(Width::Word), word);
    assert_eq!(allocate(Width::Pair), pair);
    assert_eq!(reader().counter(&[word]), 0);
    assert_eq!(reader().in_flight(pair), 0);
    assert_eq!(reader().histogram(&[histogram]).sum_nanos, 0);
    assert_eq!(reader().histogram(&[histogram]).buckets, [0; HISTOGRAM_BUCKETS]);
}

#[test]
fn cells_never_overlap() {
    let cells: Vec<_> = (0..5_000)
        .map(|i| {
            let width = [Width::Histogram, Width::Word, Width::Pair, Width::Word][i % 4];
            (allocate(width), width)
        })
        .collect();
    for (cell, width) in &cells {
        match width {
            Width::Word => add(*cell, 1),
            Width::Pair => (0..3).for_each(|ended| {
                begin(*cell);
                if ended < 2 {
                    end(*cell);
                }
            }),
            Width::Histogram => {
                for bucket in 0..HISTOGRAM_BUCKETS {
                    observe(*cell, bucket, 1);
                }
            }
        }
    }
    for (cell, width) in &cells {
        match width {
            Width::Word => assert_eq!(reader().counter(&[*cell]), 1),
            Width::Pair => {
                assert_eq!(reader().in_flight(*cell), 1);
                assert_eq!(reader().counter(&[*cell]), 3);
            }
            Width::Histogram => {
                let value = reader().histogram(&[*cell]);
                assert_eq!(value.buckets, [1; HISTOGRAM_BUCKETS]);
                assert_eq!(value.sum_nanos, HISTOGRAM_BUCKETS as u128);
            }
        }
    }
}

#[test]
fn a_sum_is_exact_beyond_its_word() {
    let cell = allocate(Width::Histogram);
    for round in 1..=3_000_u32 {
        observe(cell, 14, u64::MAX);
        let sum = reader().histogram(&[cell]).sum_nanos;
        assert_eq!(sum, u128::from(LONGEST_NANOS) * u128::from(round));
    }
    assert_eq!(reader().histogram(&[cell]).buckets[14], 3_000);
    release(cell, Width::Histogram);
    assert_eq!(allocate(Width::Histogram), cell);
    assert_eq!(reader().histogram(&[cell]).sum_nanos, 0);
}

#[test]
fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
    const ROUNDS: u128 = 50_000;
    let cell = allocate(Width::Histogram);
    std::thread::scope(|scope| {
        let adders: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| (0..ROUNDS).for_each(|_| observe(cell, 0, LONGEST_NANOS))))
            .collect();
        let mut last = 0;
        while !adders.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let sum = reader().histogram(&[cell]).sum_nanos;
            assert!(sum >= last, "from {last} to {sum}");
            last = sum;
        }
    });
    let sum = reader().histogram(&[cell]).sum_nanos;
    assert_eq!(sum, 2 * ROUNDS * u128::from(LONGEST_NANOS));
}
