//! Wrappers that run queries in the same way as sqlx, and count them.

mod acquire;
mod connection;
mod executor;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod session;
mod transaction;

pub use acquire::AcquiredConnection;
pub use connection::ObservedConnection;
pub use pool::ObservedPool;
#[cfg(feature = "postgres")]
pub use postgres::ObservedCopyIn;
pub use session::ObservedSession;
pub use transaction::ObservedTransaction;
