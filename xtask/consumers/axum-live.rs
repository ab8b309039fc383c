//! The page for a browser, in addition to `/metrics`.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::MetricsEndpoint;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let endpoint = MetricsEndpoint::new(&metrics).basic_auth("ops", "a long secret").live();
    assert!(endpoint.into_router::<()>().has_routes());
}
