//! The differential test of query events, with a subscriber that enables every level.

mod differential;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

#[tokio::test]
async fn events_and_the_wrapper_count_what_the_client_did() {
    differential::check(|events| registry().with(events.layer()).into()).await;
}
