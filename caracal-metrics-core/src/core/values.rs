//! What the series of one family read on one page.

use super::InFlight;
use crate::engine::{self, Cell, HistogramValue, Reader};
use crate::series::FamilyStore;

/// Reads series of one family. While it is held, threads that end wait.
pub(crate) struct Values<'a> {
    reader: Reader<'static>,
    /// Of a gauge that counts guards.
    in_flight: Option<&'a InFlight>,
}

impl<'a> Values<'a> {
    /// The values of this family on a page for which these gauges were read.
    pub(crate) fn of(store: &FamilyStore, in_flight: &'a InFlight) -> Self {
        Self { reader: engine::reader(), in_flight: store.tracks().then_some(in_flight) }
    }

    pub(crate) fn counter(&self, cells: &[Cell]) -> u64 {
        self.reader.counter(cells)
    }

    pub(crate) fn gauge(&self, cells: &[Cell]) -> i64 {
        match self.in_flight {
            Some(in_flight) => in_flight.of(cells),
            None => self.reader.gauge(cells),
        }
    }

    pub(crate) fn histogram(&self, cells: &[Cell]) -> HistogramValue {
        self.reader.histogram(cells)
    }
}
