//! The differential test of query events, with a filter for the whole subscriber that disables `TRACE`. The span
//! of a wrapped pool then has another level.

mod differential;

use caracal_sqlx::HiddenQueryEvents;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

#[tokio::test]
async fn events_and_the_wrapper_count_the_same_without_trace() {
    differential::check(|events| {
        let subscriber: Dispatch = registry().with(LevelFilter::DEBUG).with(events.layer()).into();
        let check = |level| tracing::dispatcher::with_default(&subscriber, || events.check(level));
        assert_eq!(check(Level::DEBUG), Ok(()));
        assert_eq!(check(Level::TRACE), Err(HiddenQueryEvents::ByFilter { level: Level::TRACE }));
        subscriber
    })
    .await;
}
