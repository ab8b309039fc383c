//! Wrappers that run queries as sqlx does, and count them.

mod acquire;
mod connection;
mod executor;
mod pool;
mod session;
mod transaction;

pub use acquire::AcquiredConnection;
pub use connection::ObservedConnection;
pub use pool::ObservedPool;
pub use session::ObservedSession;
pub use transaction::ObservedTransaction;
