//! A pool is wrapped without the feature of its database.
//! feature: sqlx
//! error: `Sqlite` pools can't be wrapped: the feature for this database is not enabled
//! error: this pool can't be wrapped
//! error: `sqlx-sqlite`
//! error: `attach` needs no feature

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;

fn main() {
    let metrics = MetricsRegistry::new();
    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let _pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
}
