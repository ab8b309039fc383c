//! Observed instances: their names, their series, and the values that a scrape reads.

mod builder;
mod instance;
mod instances;
mod sampling;

pub use builder::InstanceBuilder;
pub use instance::Instance;
pub(crate) use instances::Instances;
pub use sampling::{
    Gauges, Sampled, SampledCounter, SampledFloatCounter, SampledFloatGauge, SampledGauge, release,
};
