//! Tests of cells, as the rest of the crate uses them.

mod limits;
mod own;
mod sums;

use super::*;

const NARROW: Width = Width::Histogram { runs: 1, sum: Sum::Nanos };
const WIDE: Width = Width::Histogram { runs: 4, sum: Sum::Nanos };
const FLOATS: Width = Width::Histogram { runs: 2, sum: Sum::Float };

/// Returns the buckets of a narrow histogram, and its sum in nanoseconds.
fn histogram(cell: Cell) -> ([u64; NARROW_BUCKETS], u128) {
    let mut buckets = [0; NARROW_BUCKETS];
    let nanos = reader().histogram(&[cell], &mut buckets);
    (buckets, nanos)
}

/// Returns the words of a run.
fn words(run: Cell) -> [u64; RUN_WORDS] {
    let mut words = [0; RUN_WORDS];
    reader().run(run, &mut words);
    words
}

#[test]
fn a_released_cell_is_reused_and_reads_zero() {
    let (narrow, wide, floats) = (allocate(NARROW), allocate(WIDE), allocate(FLOATS));
    let (word, float, gauge) =
        (allocate(Width::Word), allocate(Width::Float), allocate(Width::Gauge));
    let run = allocate(Width::Run);
    add(run.word(RUN_WORDS - 1), 7);
    observe(narrow, 3, 5);
    observe_wide(wide, 4, 62, 5);
    observe_float(floats, 2, 20, 1, 0.5);
    add(word, 7);
    add_float(float, 0.5);
    begin(gauge);
    set(gauge, 5);
    for (cell, width) in [
        (narrow, NARROW),
        (wide, WIDE),
        (floats, FLOATS),
        (word, Width::Word),
        (float, Width::Float),
        (gauge, Width::Gauge),
        (run, Width::Run),
    ] {
        release(cell, width);
        assert_eq!(allocate(width), cell, "{width:?}");
    }
    assert_eq!(reader().counter(&[word]), 0);
    assert_eq!(reader().float(&[float]), 0.0);
    assert_eq!(words(run), [0; RUN_WORDS]);
    assert_eq!((reader().in_flight(gauge), reader().gauge(&[gauge])), (0, 0));
    assert_eq!(histogram(narrow), ([0; NARROW_BUCKETS], 0));
    let mut buckets = [0; 63];
    assert_eq!(reader().histogram(&[wide], &mut buckets), 0);
    assert_eq!(reader().float_histogram(&[floats], &mut buckets[..31]), 0.0);
    assert_eq!(buckets, [0; 63]);
}

#[test]
fn cells_never_overlap() {
    let widths = [
        NARROW,
        Width::Word,
        WIDE,
        Width::Gauge,
        Width::Float,
        Width::Run,
        FLOATS,
        Width::Word,
        Width::Gauge,
    ];
    let cells: Vec<_> =
        widths.into_iter().cycle().take(5_000).map(|width| (allocate(width), width)).collect();
    let record = || {
        for (cell, width) in &cells {
            match width {
                Width::Word => add(*cell, 1),
                Width::Float => add_float(*cell, 0.5),
                Width::Gauge => {
                    shift(*cell, -2);
                    (0..3).for_each(|_| begin(*cell));
                    (0..2).for_each(|_| end(*cell));
                }
                Width::Run => (0..RUN_WORDS).for_each(|place| add(cell.word(place), 1)),
                Width::Histogram { runs: 1, .. } => {
                    (0..NARROW_BUCKETS).for_each(|bucket| observe(*cell, bucket, 1));
                }
                Width::Histogram { runs, sum: Sum::Nanos } => {
                    (0..63).for_each(|bucket| observe_wide(*cell, *runs, bucket, 1));
                }
                Width::Histogram { runs, sum: Sum::Float } => {
                    (0..31).for_each(|bucket| observe_float(*cell, *runs, bucket, 1, 0.5));
                }
            }
        }
    };
    record();
    // The words of the thread are added to the shared ones.
    std::thread::scope(|scope| scope.spawn(record).join().expect("it records"));
    for (cell, width) in &cells {
        match width {
            Width::Word => assert_eq!(reader().counter(&[*cell]), 2),
            Width::Float => assert_eq!(reader().float(&[*cell]), 1.0),
            Width::Gauge => {
                assert_eq!((reader().in_flight(*cell), reader().gauge(&[*cell])), (2, -4));
            }
            Width::Run => assert_eq!(words(*cell), [2; RUN_WORDS]),
            Width::Histogram { runs: 1, .. } => {
                assert_eq!(histogram(*cell), ([2; NARROW_BUCKETS], 30));
            }
            Width::Histogram { sum: Sum::Nanos, .. } => {
                let mut buckets = [0; 63];
                assert_eq!(reader().histogram(&[*cell], &mut buckets), 2 * 63);
                assert_eq!(buckets, [2; 63]);
            }
            Width::Histogram { sum: Sum::Float, .. } => {
                let mut buckets = [0; 31];
                assert_eq!(reader().float_histogram(&[*cell], &mut buckets), 31.0);
                assert_eq!(buckets, [2; 31]);
            }
        }
    }
}

#[test]
fn a_sum_is_exact_beyond_its_word() {
    for (width, runs) in [(NARROW, 1), (WIDE, 4)] {
        let cell = allocate(width);
        let mut buckets = vec![0; runs * RUN_WORDS - 1];
        let last = buckets.len() - 1;
        for round in 1..=3_000_u32 {
            observe_wide(cell, runs, last, u64::MAX);
            let nanos = reader().histogram(&[cell], &mut buckets);
            assert_eq!(nanos, u128::from(LONGEST_NANOS) * u128::from(round));
        }
        buckets.fill(0);
        reader().histogram(&[cell], &mut buckets);
        assert_eq!(buckets[last], 3_000);
        release(cell, width);
        assert_eq!(allocate(width), cell);
        assert_eq!(reader().histogram(&[cell], &mut buckets), 0);
    }
}

#[test]
fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
    const ROUNDS: u128 = 50_000;
    let cell = allocate(NARROW);
    std::thread::scope(|scope| {
        let adders: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| (0..ROUNDS).for_each(|_| observe(cell, 0, LONGEST_NANOS))))
            .collect();
        let mut last = 0;
        while !adders.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let (_, sum) = histogram(cell);
            assert!(sum >= last, "from {last} to {sum}");
            last = sum;
        }
    });
    assert_eq!(histogram(cell).1, 2 * ROUNDS * u128::from(LONGEST_NANOS));
}

#[test]
fn no_float_that_all_threads_add_is_lost() {
    const ROUNDS: u32 = 50_000;
    let (counter, gauge) = (allocate(Width::Float), allocate(Width::Float));
    set_float(gauge, 1.5);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    add_float(counter, 0.25);
                    shift_float(gauge, 0.25);
                }
            });
        }
    });
    let expected = f64::from(ROUNDS);
    assert_eq!(reader().float(&[counter]), expected);
    assert_eq!(reader().float(&[gauge]), expected + 1.5);
}
