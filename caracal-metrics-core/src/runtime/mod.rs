//! Families that are declared at run time: their names, and the labels of each series.

mod family;
mod metric;

pub use family::RuntimeFamily;
pub use metric::RuntimeMetric;
