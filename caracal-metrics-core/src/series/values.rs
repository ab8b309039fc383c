//! What the series of one family read on one page.

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
    /// The buckets are in what the reader was given.
    Histogram(HistogramSum),
}

/// The sum of what a histogram observed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HistogramSum {
    Nanos(u128),
    Float(f64),
}

/// Reads series of one family. While it is held, threads that end wait.
pub(crate) struct Values<'a> {
    reader: Reader<'static>,
    kind: FamilyKind,
    width: Width,
    /// About how many there are.
    series: usize,
    in_flight: &'a InFlight,
    native: Option<&'a dyn NativeBuckets>,
    /// Whether native buckets are wanted, and those of the histogram that was read last.
    counts: Option<NativeCounts>,
    /// Whether all observations of the histogram that was read last are in a native bucket.
    are_native: bool,
    /// Of the histogram that was read last; without `+Inf` they are those of the bounds.
    buckets: Vec<u64>,
}

impl<'a> Values<'a> {
    /// The values of this family on a page for which these gauges were read.
    pub(crate) fn of(store: &'a FamilyStore, in_flight: &'a InFlight) -> Self {
        let buckets = if store.kind().is_histogram() { store.lines.les.len() } else { 0 };
        let (kind, width, series) = (store.kind(), store.width(), store.series());
        let buckets = vec![0; buckets];
        let (reader, native) = (engine::reader(), store.native.as_deref());
        let (counts, are_native) = (None, false);
        Self { reader, kind, width, series, in_flight, native, counts, are_native, buckets }
    }

    /// Reads all of these cells at once, where that is less work than to read one after the other.
    pub(crate) fn sum_up(&mut self, cells: impl Iterator<Item = Cell>) {
        if !self.kind.is_gauge() && self.reader.are_many(self.series) {
            self.reader.sum_up(self.width, cells);
        }
    }

    /// The value of the series that these cells make up.
    #[inline]
    pub(crate) fn read(&mut self, cells: &[Cell]) -> Value {
        match (self.kind, cells) {
            // Most series of most pages, so there is no call.
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

    /// Adds what was counted into native buckets. After the sum was read: so the buckets have all that
    /// it is made of.
    #[inline]
    fn read_native(&mut self, cells: &[Cell]) {
        if let Some(native) = self.native {
            let counts = self.counts.as_mut();
            self.are_native = native.read(cells, &self.reader, &mut self.buckets, counts);
        }
    }

    /// From now on, reads of a histogram have [its native buckets](Self::native) as well.
    pub(crate) fn want_native(&mut self) {
        self.counts = self.native.map(|_| NativeCounts::default());
    }

    /// The native buckets of the histogram that was read last. `None` where not all of its observations are
    /// in one.
    pub(crate) fn native(&self) -> Option<&NativeCounts> {
        self.counts.as_ref().filter(|_| self.are_native)
    }

    /// Appends the fields of the [native buckets](Self::native), as Protocol Buffers. Returns whether there
    /// are any.
    #[cfg(feature = "protobuf")]
    pub(crate) fn write_native(&self, out: &mut Vec<u8>) -> bool {
        let (Some(buckets), Some(counts)) = (self.native, self.native()) else { return false };
        buckets.write(counts, out);
        true
    }

    /// As [`read`](Self::read), but what was [summed up](Self::sum_up) does not count: the value has all
    /// that was recorded until now.
    pub(crate) fn read_now(&mut self, cells: &[Cell]) -> Value {
        let sums = self.reader.sums.take();
        let value = self.read(cells);
        self.reader.sums = sums;
        value
    }

    /// How many observations each bucket of the histogram has that was read last, the one up to
    /// `+Inf` included.
    pub(crate) fn buckets(&self) -> &[u64] {
        &self.buckets
    }
}
