//! Tests of cells that are added up page by page.

use super::*;

/// Reads every cell in each way in which a page reads it.
fn read_all(reader: &Reader<'_>, cells: &[(Cell, Width)]) -> Vec<(u64, u64, u128, Vec<u64>)> {
    let read = |(cell, width): &(Cell, Width)| {
        let (cell, mut buckets) = (&[*cell], vec![0; width.words().saturating_sub(1)]);
        let (mut integer, mut float, mut nanos) = (0, 0.0, 0);
        match width {
            Width::Word => integer = reader.counter(cell),
            Width::Float => float = reader.float(cell),
            Width::Gauge => integer = reader.in_flight(cell[0]) + reader.gauge(cell).unsigned_abs(),
            // Never added up.
            Width::Run => {}
            Width::Histogram { sum: Sum::Nanos, .. } => {
                nanos = reader.histogram(cell, &mut buckets);
            }
            Width::Histogram { sum: Sum::Float, .. } => {
                float = reader.float_histogram(cell, &mut buckets);
            }
        }
        (integer, float.to_bits(), nanos, buckets)
    };
    cells.iter().map(read).collect()
}

#[test]
fn summed_up_values_equal_those_read_thread_by_thread() {
    const NARROW_FLOATS: Width = Width::Histogram { runs: 1, sum: Sum::Float };
    const WIDTHS: [Width; 7] =
        [NARROW, Width::Word, WIDE, Width::Gauge, Width::Float, FLOATS, NARROW_FLOATS];
    let store = Store::new();
    let allocate = |width| (store.allocate(width), width);
    // Cells in several pages. Some are beyond what a thread can have.
    let mut cells: Vec<_> = WIDTHS.into_iter().cycle().take(700).map(allocate).collect();
    for _ in 0..8_000 {
        store.allocate(NARROW);
    }
    cells.extend(WIDTHS.map(allocate));
    let threads: Vec<_> = (0..9).map(|_| store.enter().expect("pages")).collect();
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 8
    };
    let mut record = |pages: Option<&Pages>, (cell, width): (Cell, Width)| {
        let n = next();
        // The sums are close to a carry. At times, there are so many that they do not fit in one word together.
        let (nanos, float) = (if n % 8 == 0 { n >> 3 } else { 1 << 61 }, n as f64 * 1e-7);
        let pages = pages.filter(|pages| store.make(pages, cell));
        match (width, pages) {
            (Width::Word | Width::Run, Some(pages)) => {
                assert!(pages.add(cell, u64::MAX - n, Relaxed));
            }
            (Width::Word | Width::Run, None) => store.add_shared(cell, n, Relaxed),
            (Width::Gauge, Some(pages)) => assert!(pages.add(cell, 1 + n % 3, Relaxed)),
            (Width::Gauge, None) => store.add_shared(cell.ended(), 1, Relaxed),
            (Width::Float, Some(pages)) => {
                floats::bump(pages.word(cell).expect("a page"), float, Relaxed);
            }
            (Width::Float, None) => store.add_float_shared(cell, float),
            (Width::Histogram { runs, sum: Sum::Nanos }, Some(pages)) => {
                assert!(store.observe_wide(pages, cell, runs, (n % 15) as usize, nanos));
            }
            (Width::Histogram { runs, sum: Sum::Nanos }, None) => {
                store.observe_shared(cell, runs, (n % 15) as usize, nanos);
            }
            (Width::Histogram { runs, sum: Sum::Float }, Some(pages)) => {
                assert!(Store::observe_float(pages, cell, runs, (n % 15) as usize, 1, float));
            }
            (Width::Histogram { runs, sum: Sum::Float }, None) => {
                store.observe_float_shared(cell, runs, (n % 15) as usize, 1, float);
            }
        }
    };
    let compare = || {
        let mut different = 0;
        for width in WIDTHS {
            let cells: Vec<_> = cells.iter().copied().filter(|(_, of)| *of == width).collect();
            let mut reader = Reader::of(&store);
            let one_by_one = read_all(&reader, &cells);
            reader.sum_up(width, cells.iter().map(|(cell, _)| *cell));
            assert_eq!(read_all(&reader, &cells), one_by_one, "{width:?}");
            different += usize::from(one_by_one.iter().any(|value| value != &one_by_one[0]));
        }
        assert_eq!(different, WIDTHS.len());
    };
    for pages in threads.iter().copied().map(Some).chain([None]) {
        for cell in &cells {
            record(pages, *cell);
        }
        compare();
    }
    // This is enough to make all sums carry.
    for _ in 0..4 {
        for cell in &cells {
            record(Some(threads[3]), *cell);
        }
    }
    compare();
    for pages in threads.iter().step_by(2) {
        store.leave(pages);
    }
    compare();
    for (cell, width) in &cells {
        store.release(*cell, *width);
    }
    let reader = Reader::of(&store);
    let zero = |(integer, float, nanos, buckets): (u64, u64, u128, Vec<u64>)| {
        (integer, float, nanos) == (0, 0, 0) && buckets.iter().all(|bucket| *bucket == 0)
    };
    assert!(read_all(&reader, &cells).into_iter().all(zero));
}
