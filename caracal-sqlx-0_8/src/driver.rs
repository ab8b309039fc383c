//! The databases whose connections can be wrapped.

/// A database whose pools can be [wrapped](crate::PoolObserver::wrap): `Postgres`, `Sqlite`,
/// `MySql` and `Any`, each with the feature of that name.
///
/// This crate has its own trait instead of a bound on sqlx's `Executor`. With such a bound, unrelated generic code
/// in a crate that links this one would no longer compile.
#[diagnostic::on_unimplemented(
    message = "`{Self}` pools can't be wrapped: the feature for this database is not enabled",
    label = "this pool can't be wrapped",
    note = "enable the feature of the database in the dependency on `caracal-metrics`: `sqlx-0_8-postgres`, \
            `sqlx-0_8-sqlite`, `sqlx-0_8-mysql` or `sqlx-0_8-any` (of `caracal-sqlx-0_8`: `postgres`, `sqlite`, `mysql` \
            or `any`)",
    note = "`attach` needs no feature: it exports the pool's gauges and does not count queries"
)]
pub trait Driver: sealed::Run {}

pub(crate) mod sealed {
    use futures_util::future::BoxFuture;
    use futures_util::stream::BoxStream;
    use sqlx::{Database, Describe, Either, Error, Execute, Pool};

    use crate::query::OwnedQuery;
    use crate::sql::Dialect;

    /// A part of the answer to a query.
    pub(crate) type Step<DB> = Either<<DB as Database>::QueryResult, <DB as Database>::Row>;

    /// The methods of `Executor`, on a connection of this database.
    pub trait Run: Database {
        fn dialect(pool: &Pool<Self>) -> Dialect;

        fn fetch_many<'e, 'q: 'e, E: Execute<'q, Self> + 'q>(
            connection: &'e mut Self::Connection,
            query: OwnedQuery<'q, E>,
        ) -> BoxStream<'e, Result<Step<Self>, Error>>;

        fn fetch_optional<'e, 'q: 'e, E: Execute<'q, Self> + 'q>(
            connection: &'e mut Self::Connection,
            query: OwnedQuery<'q, E>,
        ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>;

        fn prepare_with<'e, 'q: 'e>(
            connection: &'e mut Self::Connection,
            sql: &'q str,
            parameters: &'e [Self::TypeInfo],
        ) -> BoxFuture<'e, Result<Self::Statement<'q>, Error>>;

        fn describe<'e, 'q: 'e>(
            connection: &'e mut Self::Connection,
            sql: &'q str,
        ) -> BoxFuture<'e, Result<Describe<Self>, Error>>;
    }
}

macro_rules! driver {
    ($feature:literal $database:ty, |$pool:ident| $dialect:expr) => {
        #[cfg(feature = $feature)]
        impl Driver for $database {}

        #[cfg(feature = $feature)]
        const _: () = {
            use futures_util::future::BoxFuture;
            use futures_util::stream::BoxStream;
            use sqlx::{Database, Describe, Either, Error, Execute, Executor, Pool};

            use crate::query::OwnedQuery;
            use crate::sql::Dialect;

            type Connection = <$database as Database>::Connection;
            type Step = Either<<$database as Database>::QueryResult, <$database as Database>::Row>;

            impl sealed::Run for $database {
                fn dialect($pool: &Pool<Self>) -> Dialect {
                    $dialect
                }

                fn fetch_many<'e, 'q: 'e, E: Execute<'q, Self> + 'q>(
                    connection: &'e mut Connection,
                    query: OwnedQuery<'q, E>,
                ) -> BoxStream<'e, Result<Step, Error>> {
                    connection.fetch_many(query.into_query())
                }

                fn fetch_optional<'e, 'q: 'e, E: Execute<'q, Self> + 'q>(
                    connection: &'e mut Connection,
                    query: OwnedQuery<'q, E>,
                ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>> {
                    connection.fetch_optional(query.into_query())
                }

                fn prepare_with<'e, 'q: 'e>(
                    connection: &'e mut Connection,
                    sql: &'q str,
                    parameters: &'e [Self::TypeInfo],
                ) -> BoxFuture<'e, Result<Self::Statement<'q>, Error>> {
                    connection.prepare_with(sql, parameters)
                }

                fn describe<'e, 'q: 'e>(
                    connection: &'e mut Connection,
                    sql: &'q str,
                ) -> BoxFuture<'e, Result<Describe<Self>, Error>> {
                    connection.describe(sql)
                }
            }
        };
    };
}

driver!("postgres" sqlx::Postgres, |_pool| Dialect::Postgres);
driver!("sqlite" sqlx::Sqlite, |_pool| Dialect::Sqlite);
driver!("mysql" sqlx::MySql, |_pool| Dialect::MySql);
driver!("any" sqlx::Any, |pool| {
    match pool.connect_options().database_url.scheme() {
        "postgres" | "postgresql" => Dialect::Postgres,
        "mysql" | "mariadb" => Dialect::MySql,
        _ => Dialect::Sqlite,
    }
});
