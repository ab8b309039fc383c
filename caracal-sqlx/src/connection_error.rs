//! Classifies and counts the errors of connections.

use std::fmt;
use std::io;

use caracal_metrics_core::{Counter, MetricsRegistry};
use sqlx::error::DatabaseError;
#[cfg(feature = "mysql")]
use sqlx::mysql::MySqlDatabaseError;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgDatabaseError, PgSeverity};

macro_rules! error_types {
    ($( $(#[doc = $doc:literal])+ $id:ident $label:literal )*) => {
        /// The type of a connection error: the label `error_type` of
        /// `caracal_database_connection_errors_total`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ConnectionErrorType { $( $(#[doc = $doc])+ $id, )* }

        impl ConnectionErrorType {
            /// All types.
            pub const ALL: &[Self] = &[ $( Self::$id, )* ];

            /// Returns the value of the label.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $( Self::$id => $label, )* }
            }
        }
    };
}

error_types! {
    /// The pool had no connection within its `acquire_timeout`. sqlx also returns this error if the server
    /// refused connections, or had too many, during that time.
    PoolTimeout "pool_timeout"
    /// The pool was closed.
    PoolClosed "pool_closed"
    /// The server refused the connection.
    Refused "refused"
    /// The connection broke, or the server ended an idle session.
    Reset "reset"
    /// The network or the operating system timed out.
    Timeout "timeout"
    /// TLS could not be set up.
    Tls "tls"
    /// The server is shutting down, has crashed, or has not started yet.
    ServerShutdown "server_shutdown"
    /// The server did not accept the user or the password.
    Authentication "authentication"
    /// The URL is wrong, or there is no such database.
    Configuration "configuration"
    /// The server has no connection left, for anybody or for this user.
    InsufficientResources "insufficient_resources"
    /// The connection failed in another way.
    Other "other"
}

impl fmt::Display for ConnectionErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Returns the type of a connection error, or `None` for an error of the statement or its data: a constraint,
/// a syntax error, a query that was cancelled or waited too long for a lock, a missing row.
///
/// With the feature `postgres`, the severity of Postgres's errors decides. After an `ERROR`, the connection is
/// intact, even if the code is one of connections. `dblink`, for example, returns the codes of a remote server.
///
/// With the feature `mysql`, the numbers of some errors of MySQL and MariaDB decide, because their SQLSTATE does
/// not tell connections and statements apart, or is missing.
///
/// ```
/// # mod caracal_metrics { pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::sqlx::{ConnectionErrorType, classify_connection_error};
///
/// let refused = sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into());
/// assert_eq!(classify_connection_error(&refused), Some(ConnectionErrorType::Refused));
/// assert_eq!(classify_connection_error(&sqlx::Error::RowNotFound), None);
/// ```
#[must_use]
pub fn classify_connection_error(error: &sqlx::Error) -> Option<ConnectionErrorType> {
    use ConnectionErrorType as Type;
    match error {
        sqlx::Error::PoolTimedOut => Some(Type::PoolTimeout),
        sqlx::Error::PoolClosed => Some(Type::PoolClosed),
        sqlx::Error::Io(error) => Some(of_io(error.kind())),
        sqlx::Error::Tls(_) => Some(Type::Tls),
        sqlx::Error::Configuration(_) => Some(Type::Configuration),
        // The connection can't be used after either of them.
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Some(Type::Other),
        sqlx::Error::Database(error) => of_server(error.as_ref()),
        _ => None,
    }
}

fn of_server(error: &dyn DatabaseError) -> Option<ConnectionErrorType> {
    let known = error.code().as_deref().and_then(of_code);
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        // ERROR ends a statement, regardless of its code. The other two end the session.
        return match error.severity() {
            PgSeverity::Fatal | PgSeverity::Panic => known.or(Some(ConnectionErrorType::Other)),
            _ => None,
        };
    }
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return of_mysql(error.number()).or(known);
    }
    known
}

/// Classifies errors of MySQL and MariaDB by their number if their SQLSTATE is also that of errors of
/// statements, or if a server may send them without one. It does so before the login.
#[cfg(feature = "mysql")]
fn of_mysql(number: u16) -> Option<ConnectionErrorType> {
    match number {
        1053 => Some(ConnectionErrorType::ServerShutdown),
        // All users together, or one of them, have the maximum number of connections.
        1040 | 1203 => Some(ConnectionErrorType::InsufficientResources),
        // No user may connect from this host.
        1130 => Some(ConnectionErrorType::Authentication),
        // Only MariaDB reports to a session that it was ended.
        1927 => Some(ConnectionErrorType::Reset),
        _ => None,
    }
}

fn of_io(kind: io::ErrorKind) -> ConnectionErrorType {
    use io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionRefused => ConnectionErrorType::Refused,
        // sqlx returns `UnexpectedEof` if the server closes the connection.
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::NotConnected
        | Kind::UnexpectedEof => ConnectionErrorType::Reset,
        Kind::TimedOut => ConnectionErrorType::Timeout,
        // With rustls, a failed handshake is such an error. Only native-tls has `Error::Tls`.
        Kind::InvalidData => ConnectionErrorType::Tls,
        _ => ConnectionErrorType::Other,
    }
}

/// Classifies the code of a server: five characters of SQLSTATE (Postgres, MySQL), or SQLite's result code in
/// decimal, which is always shorter.
fn of_code(code: &str) -> Option<ConnectionErrorType> {
    use ConnectionErrorType as Type;
    match code {
        "57P01" | "57P02" | "57P03" => Some(Type::ServerShutdown),
        // The timeouts of idle sessions, of idle transactions and of transactions, which end the
        // session.
        "57P05" | "25P03" | "25P04" => Some(Type::Reset),
        "28P01" | "28000" => Some(Type::Authentication),
        "3D000" => Some(Type::Configuration),
        // Postgres's and MySQL's "too many connections".
        "53300" | "08004" => Some(Type::InsufficientResources),
        _ if code.starts_with("08") => Some(Type::Other),
        // The low byte is the primary code; 14 is `SQLITE_CANTOPEN`.
        _ if code.len() < 5 && code.parse().is_ok_and(|code: u16| code & 0xff == 14) => {
            Some(Type::Configuration)
        }
        _ => None,
    }
}

/// Counts connection errors in `caracal_database_connection_errors_total`.
///
/// Every type of [`ConnectionErrorType`] is in the output at 0 as soon as this exists, so that `rate()` shows
/// the first error. The family does not have a label for the pool.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::sqlx::ConnectionErrors;
///
/// let metrics = MetricsRegistry::new();
/// let errors = ConnectionErrors::new(&metrics);
/// let closed = || {
///     let labels = &[("error_type", "pool_closed")];
///     metrics.sample("caracal_database_connection_errors_total", labels)
/// };
/// assert_eq!(closed(), Some(0.0));
///
/// errors.observe(&sqlx::Error::PoolClosed);
/// errors.observe(&sqlx::Error::RowNotFound);
/// assert_eq!(closed(), Some(1.0));
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionErrors {
    /// In the order of [`ConnectionErrorType::ALL`].
    counters: Box<[Counter]>,
}

impl ConnectionErrors {
    /// Creates the counters of all types in this registry.
    #[must_use]
    pub fn new(metrics: &MetricsRegistry) -> Self {
        let counters = ConnectionErrorType::ALL
            .iter()
            .map(|error_type| metrics.database_connection_error(error_type.label()))
            .collect();
        Self { counters }
    }

    /// Counts the error if it is one of the connection.
    ///
    /// Call it once for each failed call, and not again when the same error is passed on.
    pub fn observe(&self, error: &sqlx::Error) {
        if let Some(error_type) = classify_connection_error(error) {
            self.record(error_type);
        }
    }

    /// Counts an error of this type.
    pub fn record(&self, error_type: ConnectionErrorType) {
        self.counters[error_type as usize].inc();
    }
}
