//! Families that are known only when the program runs: their names, and the labels of each series.

mod family;
mod metric;

pub use family::RuntimeFamily;
pub use metric::RuntimeMetric;
