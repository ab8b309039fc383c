//! The layer and the endpoint over real sockets. The tests check the page afterwards.

mod aborts;
mod bodies;
mod collectors;
mod endpoint;
mod extensions;
mod failures;
mod grpc;
mod guards;
mod http2;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
mod live_families;
mod load;
mod names;
mod negotiation;
mod options;
mod routers;
mod routes;
mod scrapes;
#[cfg(feature = "serve")]
mod server;
mod service;
mod stalled;
mod streams;
mod support;
mod traces;
#[cfg(all(unix, feature = "serve"))]
mod unix;
mod upgrades;
#[cfg(feature = "live")]
mod viewers;
