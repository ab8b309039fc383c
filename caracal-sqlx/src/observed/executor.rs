//! Sessions, connections and transactions as sqlx's `Executor`s.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Either, Error, Execute, Executor};

use super::{ObservedConnection, ObservedSession, ObservedTransaction};
use crate::call::{Answers, Call};
use crate::driver::Driver;
use crate::query::OwnedQuery;
use crate::version::prepare_and_describe;

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

    prepare_and_describe! {
        'c, session, sql, parameters,
        // It is not counted as a query, but its error may be one of the connection.
        prepare: async move {
            let prepared = DB::prepare_with(session.inner(), sql, parameters).await;
            prepared.inspect_err(|error| session.recorder.errors.observe(error))
        },
        describe: async move {
            let described = DB::describe(session.inner(), sql).await;
            described.inspect_err(|error| session.recorder.errors.observe(error))
        },
    }
}

/// Runs queries on the session in the wrapper.
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

            prepare_and_describe! {
                'c, wrapper, sql, parameters,
                prepare: (&mut **wrapper).prepare_with(sql, parameters),
                describe: (&mut **wrapper).describe(sql),
            }
        }
    };
}

delegate!(ObservedConnection<DB>);
delegate!(ObservedTransaction<'_, DB>);
