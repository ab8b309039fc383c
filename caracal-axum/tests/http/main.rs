//! The layer and the endpoint over real sockets, by what the exposed page says afterwards.

mod aborts;
mod bodies;
mod endpoint;
mod extensions;
mod failures;
mod http2;
mod load;
mod routers;
mod service;
mod support;
mod upgrades;
