//! Observed instances: their names, their series, and reading them at scrape.

mod builder;
mod instance;
mod instances;
mod sampling;

pub use builder::InstanceBuilder;
pub use instance::Instance;
pub use sampling::{
    Gauges, Sampled, SampledCounter, SampledFloatCounter, SampledFloatGauge, SampledGauge, release,
};

/// The instances of a registry.
pub(crate) type Instances = instances::InstancesOf<instance::Attached>;
