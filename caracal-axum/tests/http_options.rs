//! The tests of `http` that are about the layers, with layers that have all options.

#[path = "http/aborts.rs"]
mod aborts;
#[path = "http/bodies.rs"]
mod bodies;
#[path = "http/failures.rs"]
mod failures;
#[path = "http/http2.rs"]
mod http2;
#[path = "http/load.rs"]
mod load;
#[path = "http/routers.rs"]
mod routers;
#[path = "http/streams.rs"]
mod streams;
#[path = "http/support.rs"]
mod support;
#[path = "http/upgrades.rs"]
mod upgrades;
