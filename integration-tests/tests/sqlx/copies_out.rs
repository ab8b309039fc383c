//! `COPY … TO STDOUT` with both versions of sqlx: copies that end, are refused, or are dropped halfway.

macro_rules! copies_out {
    ($name:ident, $sqlx:ident, $adapter:ident) => {
        pub(crate) mod $name {
            use anyhow::{Result, ensure};
            use caracal_metrics::MetricsRegistry;
            use caracal_metrics::$adapter::PoolObserver;
            use futures_util::TryStreamExt;
            use integration_tests::PATIENCE;
            use $sqlx::postgres::PgPoolOptions;
            use $sqlx::{Error, Row};

            use crate::own_types::$name::{Scene, rows, scene};
            use crate::own_types::{counted, errors, pool_value};

            const COPY: &str = "copy copied to stdout";

            /// Creates a scene whose table has many rows.
            async fn filled() -> Result<Scene> {
                let scene = scene().await?;
                let fill =
                    "insert into copied select n, repeat('x', 100) from generate_series(1, 5000) n";
                $sqlx::raw_sql(fill).execute(scene.pool.inner()).await?;
                Ok(scene)
            }

            /// Checks the number of copies so far: those that succeeded, and those that did not.
            fn copies(scene: &Scene, success: f64, error: f64) -> Result<()> {
                let mut expected = vec![("other error", error), ("other success", success)];
                expected.retain(|(_, count)| *count > 0.0);
                let counted = counted(&scene.metrics, "copied")?;
                let read: Vec<_> = counted.iter().map(|(key, count)| (&**key, *count)).collect();
                ensure!(read == expected, "{read:?}, not {expected:?}");
                ensure!(errors(&scene.metrics)? == 0.0, "none was of the connection");
                Ok(())
            }

            pub(crate) async fn complete() -> Result<()> {
                let scene = filled().await?;
                let Scene { metrics, pool, .. } = &scene;
                let chunks = pool.copy_out_raw(COPY).await?;
                copies(&scene, 0.0, 0.0)?;
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 0.0, "it is held");
                let chunks: Vec<_> = chunks.try_collect().await?;
                ensure!(chunks.iter().map(|chunk| chunk.len()).sum::<usize>() > 500_000);
                copies(&scene, 1.0, 0.0)?;
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 1.0);

                let mut connection = pool.acquire().await?;
                {
                    // The table is that of the query in the `COPY`.
                    let query = "copy (select id from copied where id < 3) to stdout";
                    let mut chunks = connection.copy_out_raw(query).await?;
                    ensure!(chunks.try_next().await?.is_some_and(|chunk| &*chunk == b"1\n"));
                    while chunks.try_next().await?.is_some() {}
                }
                ensure!(pool.copy_out_raw("copy copied (nothing) to stdout").await.is_err());
                copies(&scene, 2.0, 1.0)
            }

            /// A copy that is dropped after a chunk is a success. A copy that is dropped while it waits for a
            /// chunk, or before it was polled, is an error. If the connection is closed afterwards, the pool is
            /// intact.
            pub(crate) async fn dropped() -> Result<()> {
                let scene = filled().await?;
                let Scene { metrics, pool, .. } = &scene;

                let mut connection = pool.acquire().await?;
                let mut chunks = connection.copy_out_raw(COPY).await?;
                ensure!(chunks.try_next().await?.is_some());
                copies(&scene, 0.0, 0.0)?;
                drop(chunks);
                copies(&scene, 1.0, 0.0)?;
                connection.close().await?;

                // The server sends data in pieces of eight kibibytes, so the first row arrives while the third
                // one is computed.
                let waits =
                    "copy (select repeat('x', 9000), case when id > 2 then pg_sleep(600) end
                                   from copied) to stdout";
                let mut connection = pool.acquire().await?;
                let mut chunks = connection.copy_out_raw(waits).await?;
                ensure!(chunks.try_next().await?.is_some());
                // The second row may have arrived, too. The third one can't have.
                if futures_util::poll!(chunks.try_next()).is_ready() {
                    ensure!(futures_util::poll!(chunks.try_next()).is_pending());
                }
                drop(chunks);
                copies(&scene, 1.0, 1.0)?;
                connection.close().await?;

                let mut connection = pool.acquire().await?;
                drop(connection.copy_out_raw(COPY).await?);
                copies(&scene, 1.0, 2.0)?;
                connection.close().await?;
                ensure!(rows(&scene).await? == 5000);

                // The pool's own stream holds a connection until it is dropped.
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 3.0);
                let mut chunks = pool.copy_out_raw(COPY).await?;
                ensure!(chunks.try_next().await?.is_some());
                drop(chunks);
                copies(&scene, 2.0, 2.0)?;
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 4.0);
                Ok(())
            }

            /// Returns the answers to two statements on a pool's only connection, after a copy that was refused
            /// or dropped, and the error of a third statement that is prepared.
            async fn answers_after(
                scene: &Scene,
                options: PgPoolOptions,
                is_refused: bool,
            ) -> Result<([Vec<String>; 2], Option<Error>)> {
                let options = options.max_connections(1).acquire_timeout(PATIENCE);
                let bare = options.connect(scene.server.url()).await?;
                let pool = PoolObserver::new(&bare).wrap(&MetricsRegistry::new())?;
                // A check prepares its statement at the first release.
                drop(pool.acquire().await?);
                if is_refused {
                    ensure!(pool.copy_out_raw("copy nowhere to stdout").await.is_err());
                } else {
                    let mut chunks = pool.copy_out_raw(COPY).await?;
                    ensure!(chunks.try_next().await?.is_some());
                }
                let mut connection = pool.acquire().await?;
                let mut answers = [Vec::new(), Vec::new()];
                for (answer, ask) in answers.iter_mut().zip(["select 'first'", "select 'second'"]) {
                    for row in $sqlx::raw_sql(ask).fetch_all(&mut *connection).await? {
                        answer.push(row.try_get(0)?);
                    }
                }
                let prepared = $sqlx::query("select 'third'").fetch_one(&mut *connection).await;
                Ok((answers, prepared.err()))
            }

            /// The documentation of `copy_out_raw` warns of this, and names the check in `after_release` as a
            /// remedy. If this fails with a later version of sqlx, remove the warning for that version.
            pub(crate) async fn out_of_sync() -> Result<()> {
                let scene = filled().await?;
                for is_refused in [true, false] {
                    let unchecked = PgPoolOptions::new();
                    let (answers, error) = answers_after(&scene, unchecked, is_refused).await?;
                    let late = [Vec::new(), vec!["first".to_owned()]];
                    ensure!(answers == late, "refused: {is_refused}, {answers:?}");
                    ensure!(matches!(error, Some(Error::Protocol(_))), "{error:?}");

                    let checked = PgPoolOptions::new().after_release(|connection, _| {
                        Box::pin(async move {
                            $sqlx::query("select 1").fetch_one(connection).await?;
                            Ok(true)
                        })
                    });
                    let (answers, error) = answers_after(&scene, checked, is_refused).await?;
                    let in_time = ["first", "second"].map(|text| vec![text.to_owned()]);
                    ensure!(answers == in_time, "refused: {is_refused}, {answers:?}");
                    ensure!(error.is_none(), "{error:?}");
                }
                Ok(())
            }
        }
    };
}

copies_out!(v0_8, sqlx_0_8, sqlx_0_8);
copies_out!(v0_9, sqlx, sqlx);
