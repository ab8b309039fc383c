#![allow(missing_docs, dead_code, unused)]
extern crate self as caracal_metrics_core;
mod blocks;
mod catalogue;
mod description;
mod engine;
mod error;
mod exemplar;
mod family;
mod family_error;
mod kinds;
mod labels;
mod metric;
mod preregistered;
mod registry;
mod series;
mod text;
#[cfg(feature = "protobuf")]
mod wire;
pub mod adapter { use std::fmt; #[derive(Clone, Copy, Debug, PartialEq, Eq)] pub enum InstanceKind { A } impl fmt::Display for InstanceKind { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("x") } } }
mod builder { pub struct MetricsRegistryBuilder; impl MetricsRegistryBuilder { pub fn of_families(_: impl Iterator<Item=&'static crate::family::FamilySpec>) -> Self { Self } pub fn build(self) -> Result<crate::registry::MetricsRegistry, ()> { Err(()) } } }
pub use family::*; pub use labels::*; pub use kinds::*; pub use metric::*;
#[doc(hidden)] pub use labels::private as __private;
