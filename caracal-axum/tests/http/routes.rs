//! Requests counted by route.

use axum::Router;
use axum::routing::{get, post};
use caracal_axum::{GatewayMetricsLayer, UNMATCHED_ROUTE};
use tower::Layer;

use super::support::{Gateway, samples};

async fn ask_all(gateway: &Gateway, lines: &[&str]) {
    for line in lines {
        gateway.ask(line).await;
    }
    until_counted(gateway, lines.len()).await;
}

async fn until_counted(gateway: &Gateway, requests: usize) {
    let counted = || {
        let lines = gateway.samples("caracal_gateway_requests_total{");
        lines
            .iter()
            .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
            .sum::<usize>()
    };
    super::support::until(
        || gateway.in_flight() == 0 && counted() == requests,
        || format!("{} of {requests} counted", counted()),
    )
    .await;
}

#[tokio::test]
async fn the_pattern_counts_and_not_the_path() {
    let gateway = Gateway::start_with(|metrics| {
        let tools = Router::new().route("/{tool}", get(async || "tool"));
        Router::new()
            .route("/agents/{id}", get(async || "agent"))
            .route("/agents", post(async || -> () { panic!("the handler panics") }))
            .nest("/tools", tools)
            .layer(GatewayMetricsLayer::new(metrics).by_route())
    })
    .await;
    ask_all(
        &gateway,
        &[
            "GET /agents/1",
            "GET /agents/2",
            "POST /agents",
            "GET /tools/a",
            "DELETE /agents/3",
            "GET /nowhere",
            "GET /wp-admin.php",
        ],
    )
    .await;
    assert_eq!(
        gateway.samples("caracal_gateway_route_requests_total{"),
        [
            "/agents POST 5xx 1",
            "/agents/{id} DELETE 4xx 1",
            "/agents/{id} GET 2xx 2",
            "/tools/{tool} GET 2xx 1",
            "unmatched GET 4xx 2",
        ],
    );
    assert_eq!(
        gateway.samples("caracal_gateway_route_request_duration_seconds_count{"),
        [
            "/agents POST 1",
            "/agents/{id} DELETE 1",
            "/agents/{id} GET 2",
            "/tools/{tool} GET 1",
            "unmatched GET 2"
        ],
    );
}

#[tokio::test]
async fn around_the_router_nothing_is_known_of_routes() {
    let gateway = Gateway::start_with(|metrics| {
        let app = Router::new().route("/agents/{id}", get(async || "agent"));
        let counted = GatewayMetricsLayer::new(metrics).by_route().layer(app);
        Router::new().fallback_service(counted)
    })
    .await;
    ask_all(&gateway, &["GET /agents/1"]).await;
    let routes = gateway.samples("caracal_gateway_route_requests_total{");
    assert_eq!(routes, [format!("{UNMATCHED_ROUTE} GET 2xx 1")]);
}

#[tokio::test]
async fn only_where_it_was_asked_for() {
    let gateway =
        Gateway::start(|layer| Router::new().route("/", get(async || "hello")).layer(layer)).await;
    ask_all(&gateway, &["GET /"]).await;
    assert_eq!(samples(&gateway.metrics, "caracal_gateway_route_"), Vec::<String>::new());
}
