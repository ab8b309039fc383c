//! An application of sqlx 0.8 enables the feature for sqlx 0.9.
//! feature: sqlx
//! libraries of: sqlx-0_8
//! error: is not a pool of sqlx 0.9
//! error: for a pool of sqlx 0.8, enable the feature `sqlx-0_8`
//! error: `caracal_metrics::sqlx_0_8::PoolObserver`

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;

fn main() {
    let metrics = MetricsRegistry::new();
    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let _guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
}
