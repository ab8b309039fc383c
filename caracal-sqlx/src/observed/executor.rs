//! Sessions, connections and transactions as sqlx's `Executor`s.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr};

use super::{ObservedConnection, ObservedSession, ObservedTransaction};
use crate::call::{Answers, Call};
use crate::driver::Driver;
use crate::query::OwnedQuery;

impl<'c, DB: Driver> Executor<'c> for &'c mut ObservedSession<'_, DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = OwnedQuery::new(query);
        let call = Call::new(&self.recorder, query.text());
        let recorder = Arc::clone(&self.recorder);
        Box::pin(Answers::new(call, recorder.counted(DB::fetch_many(self.inner(), query))))
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = OwnedQuery::new(query);
        Box::pin(async move {
            let mut call = Call::new(&self.recorder, query.text());
            call.begin();
            let recorder = Arc::clone(&self.recorder);
            let row = recorder.counted(DB::fetch_optional(self.inner(), query)).await;
            call.end(&row);
            row
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        // No query, but its errors may be the connection's.
        Box::pin(async move {
            let prepared = DB::prepare_with(self.inner(), sql, parameters).await;
            prepared.inspect_err(|error| self.recorder.errors.observe(error))
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let described = DB::describe(self.inner(), sql).await;
            described.inspect_err(|error| self.recorder.errors.observe(error))
        })
    }
}

/// Runs queries on the session inside.
macro_rules! delegate {
    ($wrapper:ty) => {
        impl<'c, DB: Driver> Executor<'c> for &'c mut $wrapper {
            type Database = DB;

            fn fetch_many<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                (&mut **self).fetch_many(query)
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, DB>,
            {
                (&mut **self).fetch_optional(query)
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [DB::TypeInfo],
            ) -> BoxFuture<'e, Result<DB::Statement, Error>>
            where
                'c: 'e,
            {
                (&mut **self).prepare_with(sql, parameters)
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
            where
                'c: 'e,
            {
                (&mut **self).describe(sql)
            }
        }
    };
}

delegate!(ObservedConnection<DB>);
delegate!(ObservedTransaction<'_, DB>);
