//! The errors that count as errors of the connection. They are real errors where they can be caused
//! without a server.

use std::net::SocketAddr;
use std::time::Duration;

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{
    ConnectionErrorType as Type, ConnectionErrors, PoolObserver, classify_connection_error,
};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{ConnectOptions, SqlitePool};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const FAMILY: &str = "caracal_database_connection_errors_total";

async fn sqlite() -> SqlitePool {
    SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap()
}

#[tokio::test]
async fn every_type_stands_at_zero_once_a_pool_is_attached() {
    let metrics = MetricsRegistry::new();
    let count = |label: &str| metrics.sample(FAMILY, &[("error_type", label)]);
    assert_eq!(count("pool_timeout"), None);

    let guard = PoolObserver::new(&sqlite().await).attach(&metrics).unwrap();
    for error_type in Type::ALL {
        assert_eq!(count(error_type.label()), Some(0.0), "{error_type}");
    }

    // Each type has its own counter.
    for (n, error_type) in Type::ALL.iter().enumerate() {
        for _ in 0..=n {
            guard.connection_errors().record(*error_type);
        }
    }
    for (n, error_type) in (1_u8..).zip(Type::ALL) {
        assert_eq!(count(error_type.label()), Some(f64::from(n)), "{error_type}");
    }
}

#[tokio::test]
async fn observing_counts_only_what_is_the_connections() {
    let metrics = MetricsRegistry::new();
    let errors = ConnectionErrors::new(&metrics);
    errors.observe(&sqlx::Error::PoolTimedOut);
    errors.observe(&sqlx::Error::RowNotFound);
    assert_eq!(metrics.sample(FAMILY, &[("error_type", "pool_timeout")]), Some(1.0));

    let total: f64 = Type::ALL
        .iter()
        .map(|error_type| metrics.sample(FAMILY, &[("error_type", error_type.label())]).unwrap())
        .sum();
    assert!((total - 1.0).abs() < f64::EPSILON, "{total}");
}

#[tokio::test]
async fn a_pool_that_has_no_connection_to_give() {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(20))
        .connect("sqlite::memory:")
        .await
        .unwrap();
    let held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::PoolTimeout));

    drop(held);
    pool.close().await;
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::PoolClosed));
}

#[tokio::test]
async fn a_statement_that_fails_is_not_the_connections_fault() {
    let pool = sqlite().await;
    sqlx::query("CREATE TABLE agents (id INTEGER PRIMARY KEY)").execute(&pool).await.unwrap();
    let insert = || sqlx::query("INSERT INTO agents VALUES (7)").execute(&pool);
    insert().await.unwrap();

    for error in [
        insert().await.unwrap_err(),
        sqlx::query("SELEKT 1").execute(&pool).await.unwrap_err(),
        sqlx::query("SELECT 1 WHERE 1 = 0").fetch_one(&pool).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(classify_connection_error(&error), None, "{error}");
    }
}

#[tokio::test]
async fn an_sqlite_file_that_can_not_be_opened() {
    let error = SqlitePool::connect("sqlite:///no/such/directory/a.db").await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::Configuration), "{error}");
}

#[tokio::test]
async fn a_url_that_is_wrong() {
    let error = SqlitePool::connect("sqlite::memory:?mode=sideways").await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::Configuration), "{error}");
}

fn postgres_at(address: SocketAddr) -> PgConnectOptions {
    PgConnectOptions::new()
        .host(&address.ip().to_string())
        .port(address.port())
        .username("nobody")
        .ssl_mode(PgSslMode::Disable)
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let error = postgres_at(address).connect().await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::Refused), "{error}");

    // A pool retries until its timeout, and the cause is lost.
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(100))
        .connect_lazy_with(postgres_at(address));
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(classify_connection_error(&error), Some(Type::PoolTimeout), "{error}");
}

/// The error of a client if Postgres answers its startup with these bytes and closes the connection.
async fn startup_answered_with(answer: Vec<u8>) -> sqlx::Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        // Unread data would reset the connection when it is closed.
        let length = client.read_i32().await.unwrap();
        let mut startup = vec![0; usize::try_from(length - 4).unwrap()];
        client.read_exact(&mut startup).await.unwrap();
        client.write_all(&answer).await.unwrap();
    });
    let error = postgres_at(address).connect().await.unwrap_err();
    server.await.unwrap();
    error
}

fn error_response(severity: &str, sqlstate: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{sqlstate}\0Mno\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    let error = startup_answered_with(Vec::new()).await;
    assert!(error.to_string().contains("expected to read"), "an end of file: {error}");
    assert_eq!(classify_connection_error(&error), Some(Type::Reset));
}

#[tokio::test]
async fn a_server_that_is_no_postgres() {
    let error = startup_answered_with(b"?\0\0\0\x08what".to_vec()).await;
    assert_eq!(classify_connection_error(&error), Some(Type::Other), "{error}");
}

#[tokio::test]
async fn what_a_server_says_when_it_lets_nobody_in() {
    for (code, expected) in [
        ("57P01", Some(Type::ServerShutdown)),
        ("57P03", Some(Type::ServerShutdown)),
        ("28P01", Some(Type::Authentication)),
        ("28000", Some(Type::Authentication)),
        ("3D000", Some(Type::Configuration)),
        ("53300", Some(Type::InsufficientResources)),
        ("57P05", Some(Type::Reset)),
        ("25P04", Some(Type::Reset)),
        ("08006", Some(Type::Other)),
    ] {
        assert_eq!(classified("FATAL", code).await, expected, "{code}");
    }
    // Errors of a statement.
    for code in ["23505", "57014", "55P03"] {
        assert_eq!(classified("ERROR", code).await, None, "{code}");
    }
}

/// Sessions that are ended with any code, and codes of a remote server.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_severity_says_whether_a_postgres_ended_the_session() {
    assert_eq!(classified("FATAL", "42501").await, Some(Type::Other));
    assert_eq!(classified("PANIC", "XX000").await, Some(Type::Other));
    for code in ["08P01", "08001", "3D000"] {
        assert_eq!(classified("ERROR", code).await, None, "{code}");
    }
}

/// Classifies a server's answer with this severity and code.
async fn classified(severity: &str, code: &str) -> Option<Type> {
    let error = startup_answered_with(error_response(severity, code)).await;
    let sqlstate = error.as_database_error().and_then(DatabaseError::code);
    assert_eq!(sqlstate.as_deref(), Some(code), "{error}");
    classify_connection_error(&error)
}

#[test]
fn errors_that_take_a_network_to_happen() {
    let io = |kind: std::io::ErrorKind| sqlx::Error::Io(kind.into());
    for (error, expected) in [
        (io(std::io::ErrorKind::TimedOut), Type::Timeout),
        (io(std::io::ErrorKind::ConnectionReset), Type::Reset),
        (io(std::io::ErrorKind::HostUnreachable), Type::Other),
        (io(std::io::ErrorKind::InvalidData), Type::Tls),
        (sqlx::Error::Tls("no common cipher".into()), Type::Tls),
        (sqlx::Error::WorkerCrashed, Type::Other),
    ] {
        assert_eq!(classify_connection_error(&error), Some(expected), "{error}");
    }
}
