//! The conformance kit of the core.

use std::sync::LazyLock;

use caracal_metrics_core::catalogue::{
    DATABASE_CONNECTION_ERRORS, DATABASE_CONNECTION_POOL_CHECKED_OUT,
    DATABASE_CONNECTION_POOL_OVERFLOW, DATABASE_CONNECTION_POOL_SIZE, DATABASE_QUERIES,
    DATABASE_QUERY_DURATION,
};
use caracal_metrics_core::conformance::Conformance;
use caracal_sqlx::families::FAMILIES;
use caracal_sqlx::{ConnectionCounter, ConnectionErrorType, PoolObserver};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{Error, QueryBuilder, Sqlite};

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
});

fn pool() -> SqlitePool {
    let _inside = RUNTIME.enter();
    SqlitePoolOptions::new().max_connections(1).connect_lazy("sqlite::memory:").unwrap()
}

#[test]
fn wrapped_pools_pass() {
    let mut families = FAMILIES.to_vec();
    let of_registry = [
        DATABASE_QUERIES.spec(),
        DATABASE_QUERY_DURATION.spec(),
        DATABASE_CONNECTION_ERRORS.spec(),
    ];
    families.extend(of_registry);
    families.extend([
        DATABASE_CONNECTION_POOL_SIZE.spec(),
        DATABASE_CONNECTION_POOL_CHECKED_OUT.spec(),
        DATABASE_CONNECTION_POOL_OVERFLOW.spec(),
    ]);
    Conformance::of_instances("sqlx", |metrics, name| {
        let connections = ConnectionCounter::new();
        let options = connections.count(SqlitePoolOptions::new().max_connections(1));
        let pool = {
            let _inside = RUNTIME.enter();
            options.connect_lazy("sqlite::memory:").unwrap()
        };
        PoolObserver::new(&pool).named(name).connections(&connections).wrap(metrics)
    })
    .families(&families)
    .outliving(&of_registry)
    .exercise(|pool| {
        let one = RUNTIME.block_on(sqlx::query_scalar::<_, i64>("SELECT 1").fetch_one(pool));
        assert_eq!(one.unwrap(), 1);
    })
    .outside_values(|pool, table| {
        let mut select = QueryBuilder::<Sqlite>::new("SELECT * FROM ");
        let missing = RUNTIME.block_on(select.push(table).build().execute(pool));
        assert!(matches!(missing, Err(Error::Database(_))), "{missing:?}");
    })
    .check();
}

#[test]
fn attached_pools_pass() {
    Conformance::of_instances("sqlx", |metrics, name| {
        PoolObserver::new(&pool()).named(name).attach(metrics)
    })
    .outliving(&[DATABASE_CONNECTION_ERRORS.spec()])
    .exercise(|guard| guard.connection_errors().record(ConnectionErrorType::ALL[0]))
    .check();
}
