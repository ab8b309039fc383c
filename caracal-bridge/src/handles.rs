//! The handles that the facade records through.

use caracal_metrics_core::{Counter, FloatGauge, Histogram};
use metrics::{CounterFn, GaugeFn, HistogramFn};

/// The handle of one series.
pub(crate) struct Recording<I>(pub(crate) I);

impl CounterFn for Recording<Counter> {
    fn increment(&self, value: u64) {
        self.0.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        self.0.raise_to(value);
    }
}

impl GaugeFn for Recording<FloatGauge> {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

impl HistogramFn for Recording<Histogram> {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.0.observe_many(value, count as u64);
    }
}

/// Counts the records of a refused metric.
pub(crate) struct SetAside(pub(crate) Counter);

impl CounterFn for SetAside {
    fn increment(&self, _: u64) {
        self.0.inc();
    }

    fn absolute(&self, _: u64) {
        self.0.inc();
    }
}

impl GaugeFn for SetAside {
    fn increment(&self, _: f64) {
        self.0.inc();
    }

    fn decrement(&self, _: f64) {
        self.0.inc();
    }

    fn set(&self, _: f64) {
        self.0.inc();
    }
}

impl HistogramFn for SetAside {
    fn record(&self, _: f64) {
        self.0.inc();
    }

    fn record_many(&self, _: f64, count: usize) {
        self.0.inc_by(count as u64);
    }
}
