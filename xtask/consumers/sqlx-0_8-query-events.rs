//! A layer of query events in a program with sqlx 0.8. The events of both versions are the same.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx_0_8::{Dialect, HiddenQueryEvents, QueryEvents};
use tracing_subscriber::layer::SubscriberExt;

fn main() {
    let metrics = MetricsRegistry::new();
    let events = QueryEvents::new(&metrics, Dialect::Postgres).unwrap();
    assert_eq!(events.check(tracing::Level::DEBUG), Err(HiddenQueryEvents::NoLayer));
    let subscriber = tracing_subscriber::registry().with(events.layer());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    events.check(tracing::Level::DEBUG).unwrap();
    assert!(QueryEvents::new(&metrics, Dialect::Postgres).is_err());
}
