//! The values of the series of one family on one page.

use super::in_flight::InFlight;
use super::native::{NativeBuckets, NativeCounts};
use super::store::FamilyStore;
use crate::engine::{self, Cell, Reader, Width};
use crate::family_spec::FamilyKind;

/// The value of one series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Counter(u64),
    FloatCounter(f64),
    Gauge(i64),
    FloatGauge(f64),
    /// The buckets are in the buffer of the reader.
    Histogram(HistogramSum),
}

/// The sum of the observations of a histogram.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HistogramSum {
    Nanos(u128),
    Float(f64),
}

/// Reads series of one family. While it exists, threads that end wait for it.
pub(crate) struct Values<'a> {
    reader: Reader<'static>,
    kind: FamilyKind,
    width: Width,
    /// The approximate number of series.
    series: usize,
    in_flight: &'a InFlight,
    native: Option<&'a dyn NativeBuckets>,
    /// Set if native buckets are wanted. Contains those of the last histogram.
    counts: Option<NativeCounts>,
    /// Whether all observations of the last histogram are in native buckets.
    are_native: bool,
    /// The counters that were last read together.
    #[cfg(feature = "protobuf")]
    counters: Vec<u64>,
    /// The buckets of the last histogram. Without `+Inf`, they are those of the bounds.
    buckets: Vec<u64>,
}

impl<'a> Values<'a> {
    /// Returns a reader of this family for a page that has read these gauges.
    pub(crate) fn of(store: &'a FamilyStore, in_flight: &'a InFlight) -> Self {
        let buckets = if store.kind().is_histogram() { store.lines.les.len() } else { 0 };
        Self {
            reader: engine::reader(),
            kind: store.kind(),
            width: store.width(),
            series: store.series(),
            in_flight,
            native: store.native.as_deref(),
            counts: None,
            are_native: false,
            #[cfg(feature = "protobuf")]
            counters: Vec::new(),
            buckets: vec![0; buckets],
        }
    }

    /// Reads all of these cells at once, if this is faster than reading them one by one.
    pub(crate) fn sum_up(&mut self, cells: impl Iterator<Item = Cell>) {
        if !self.kind.is_gauge() && self.reader.are_many(self.series) {
            self.reader.sum_up(self.width, cells);
        }
    }

    /// Returns the values of series that consist of one of these cells each, if the family is a counter.
    #[cfg(feature = "protobuf")]
    pub(crate) fn counters(&mut self, cells: &[Cell]) -> Option<&[u64]> {
        (self.kind == FamilyKind::Counter).then(|| {
            self.counters.clear();
            self.reader.counters(cells, &mut self.counters);
            &*self.counters
        })
    }

    /// Returns the value of the series that consists of these cells.
    #[inline]
    pub(crate) fn read(&mut self, cells: &[Cell]) -> Value {
        match (self.kind, cells) {
            // This is the case for most series on most pages, so it needs no call.
            (FamilyKind::Counter, [cell]) => Value::Counter(self.reader.counter_of(*cell)),
            _ => self.read_any(cells),
        }
    }

    #[inline(never)]
    fn read_any(&mut self, cells: &[Cell]) -> Value {
        let reader = &self.reader;
        match self.kind {
            FamilyKind::Counter => Value::Counter(reader.counter(cells)),
            FamilyKind::FloatCounter => Value::FloatCounter(reader.float(cells)),
            FamilyKind::Gauge => {
                let set = reader.gauge(cells);
                Value::Gauge(set.saturating_add(self.in_flight.count(cells)))
            }
            FamilyKind::FloatGauge => Value::FloatGauge(reader.float_gauge(cells)),
            FamilyKind::DurationHistogram => {
                self.buckets.fill(0);
                let sum = reader.histogram(cells, &mut self.buckets);
                self.read_native(cells);
                Value::Histogram(HistogramSum::Nanos(sum))
            }
            FamilyKind::Histogram => {
                self.buckets.fill(0);
                let sum = reader.float_histogram(cells, &mut self.buckets);
                self.read_native(cells);
                Value::Histogram(HistogramSum::Float(sum))
            }
        }
    }

    /// Adds the counts in native buckets. This happens after the sum was read, so the buckets contain all
    /// observations in it.
    #[inline]
    fn read_native(&mut self, cells: &[Cell]) {
        if let Some(native) = self.native {
            let counts = self.counts.as_mut();
            self.are_native = native.read(cells, &self.reader, &mut self.buckets, counts);
        }
    }

    /// Makes further reads of histograms also read [the native buckets](Self::native).
    pub(crate) fn want_native(&mut self) {
        self.counts = self.native.map(|_| NativeCounts::default());
    }

    /// Returns the native buckets of the last histogram. Returns `None` if not all of its observations are in
    /// native buckets.
    pub(crate) fn native(&self) -> Option<&NativeCounts> {
        self.counts.as_ref().filter(|_| self.are_native)
    }

    /// Appends the fields of the [native buckets](Self::native) as Protocol Buffers. Returns whether there are
    /// any.
    #[cfg(feature = "protobuf")]
    pub(crate) fn write_native(&self, out: &mut Vec<u8>) -> bool {
        let (Some(buckets), Some(counts)) = (self.native, self.native()) else { return false };
        buckets.write(counts, out);
        true
    }

    /// Like [`read`](Self::read), but ignores what was [summed up](Self::sum_up): the value contains everything
    /// that was recorded until now.
    pub(crate) fn read_now(&mut self, cells: &[Cell]) -> Value {
        let sums = self.reader.sums.take();
        let value = self.read(cells);
        self.reader.sums = sums;
        value
    }

    /// Returns the number of observations in each bucket of the last histogram, including the bucket `+Inf`.
    pub(crate) fn buckets(&self) -> &[u64] {
        &self.buckets
    }
}
