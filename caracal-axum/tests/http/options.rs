//! The options of a layer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::{get, post};
use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer, RouteName};
use caracal_metrics_core::{Counter, Exemplar, Family, Format, MetricsRegistry};
use tower::Layer;

use super::support::{Gateway, labelled, never, samples, stalled, until};

/// Both layers with the same options, each of which is written once.
macro_rules! both {
    ($metrics:expr, |$layer:ident| $options:expr) => {{
        let gateway = {
            let $layer = GatewayMetricsLayer::new($metrics).by_route();
            $options
        };
        let http = {
            let $layer = HttpMetricsLayer::new($metrics);
            $options
        };
        (gateway, http)
    }};
}

const ROUTES: &str = "caracal_gateway_route_requests_total{";

/// The requests of each route (and further labels), as the other layer has counted them.
fn http_requests(metrics: &MetricsRegistry, more: &[&str]) -> Vec<String> {
    let counts = labelled(metrics, "http_server_request_duration_seconds_count");
    let mut lines: Vec<_> = counts
        .into_iter()
        .map(|(labels, count)| {
            let values = ["http_route"].iter().chain(more).filter_map(|name| labels.get(*name));
            values.chain([&count]).cloned().collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    lines
}

async fn until_counted(gateway: &Gateway, requests: usize) {
    let counted = || {
        let lines = gateway.samples("http_server_request_duration_seconds_count");
        let count = |line: &String| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap();
        lines.iter().map(count).sum::<usize>()
    };
    let all = || gateway.in_flight() == 0 && counted() == requests;
    until(all, || format!("{} of {requests}", counted())).await;
}

#[tokio::test]
async fn what_is_ignored_is_counted_nowhere() {
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| layer
            .ignore(["/health", "/agents/{id}/events", "/internal/{*path}", "/v1/ready"])
            .body_sizes()
            .first_byte());
        Router::new()
            .route("/health", get(never))
            .route("/agents/{agent}/events", get(async || stalled("first")))
            .route("/agents/{id}", get(async || "agent"))
            .nest("/v1", Router::new().route("/ready", get(async || "ready")))
            .layer(layer)
    })
    .await;
    let waiting = gateway.send("GET /health").await;
    let mut reading = gateway.send("GET /agents/1/events").await;
    reading.read_until("first\r\n").await;
    gateway.ask("GET /internal/a/b").await;
    gateway.ask("GET /v1/ready").await;
    assert_eq!(gateway.in_flight(), 0);
    assert!(gateway.samples("http_server_active_requests").iter().all(|line| line.ends_with(" 0")));
    drop((waiting, reading));
    // This request is counted after all of them.
    gateway.ask("GET /agents/health").await;
    until_counted(&gateway, 1).await;
    assert_eq!(gateway.samples(ROUTES), ["/agents/{id} GET 2xx 1"]);
    assert_eq!(http_requests(&gateway.metrics, &[]), ["/agents/{id} 1"]);
    let first_bytes = |start| gateway.samples(&format!("{start}_first_byte_seconds_count"));
    assert_eq!(first_bytes("caracal_gateway_request"), ["/agents/{id} GET 1"]);
    assert_eq!(first_bytes("http_server"), ["GET 200 /agents/{id} 1"]);
}

/// A layer of a nested router knows whole routes, but only the ends of paths.
#[tokio::test]
async fn patterns_in_a_nested_router() {
    for (pattern, counted) in
        [("/health", vec![]), ("/v1/health", vec![]), ("/v1/{*path}", vec!["/v1/health 1"])]
    {
        let metrics = MetricsRegistry::new();
        let layer = HttpMetricsLayer::new(&metrics).ignore([pattern]);
        let inner = Router::new().route("/health", get(async || ())).layer(layer);
        let app: Router = Router::new().nest("/v1", inner);
        let request = axum::http::Request::get("/v1/health").body(Body::empty()).unwrap();
        tower::ServiceExt::oneshot(app, request).await.unwrap();
        assert_eq!(http_requests(&metrics, &[]), counted, "{pattern}");
    }
}

#[tokio::test]
async fn mounted_services_have_names_and_scanners_have_none() {
    fn assets() -> Router {
        Router::new().route("/style.css", get(async || "body {}"))
    }
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| layer
            .group("assets", ["/assets/{*path}"])
            .group("agents", ["/agents", "/agents/{id}"]));
        Router::new()
            .nest_service("/assets", assets())
            .nest_service("/docs", RouteName::new("docs").layer(assets()))
            .route("/agents", post(async || StatusCode::NOT_FOUND))
            .route("/agents/{id}", get(async || "agent"))
            .fallback_service(
                RouteName::new("app")
                    .layer(Router::new().route("/index.html", get(async || "app"))),
            )
            .layer(layer)
    })
    .await;
    let lines = [
        "GET /assets/style.css",
        "GET /assets/wp-admin.php",
        "GET /docs/style.css",
        "GET /docs/wp-admin.php",
        "GET /agents/1",
        // The answer comes from a route.
        "POST /agents",
        "GET /index.html",
        "GET /wp-admin.php",
    ];
    for line in lines {
        gateway.ask(line).await;
    }
    until_counted(&gateway, lines.len()).await;
    assert_eq!(
        gateway.samples(ROUTES),
        [
            "agents GET 2xx 1",
            "agents POST 4xx 1",
            "app GET 2xx 1",
            "assets GET 2xx 1",
            "docs GET 2xx 1",
            "unmatched GET 4xx 3",
        ],
    );
    let status = ["http_response_status_code"];
    assert_eq!(
        http_requests(&gateway.metrics, &status),
        ["404 3", "agents 200 1", "agents 404 1", "app 200 1", "assets 200 1", "docs 200 1"],
    );
}

/// The value of the label is read once, before anything can fail.
#[tokio::test]
async fn a_label_is_right_however_a_request_ends() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| {
            let count = count.clone();
            layer.label("tenant", move |request| {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let tenant = request.headers.get("x-tenant")?.to_str().ok()?;
                assert_ne!(tenant, "cursed", "the closure panics");
                Some(tenant.to_owned())
            })
        });
        Router::new()
            .route("/", get(async || "whole"))
            .route("/never", get(never))
            .route("/stalled", get(async || stalled("first")))
            .route("/panic", get(async || -> () { panic!("the handler panics") }))
            .layer(layer)
    })
    .await;
    let acme = "X-Tenant: acme\r\n";
    gateway.ask_with("GET /", acme).await;
    gateway.ask("GET /").await;
    gateway.ask_with("GET /panic", acme).await;
    let gone = gateway.send_with("GET /never", acme).await;
    gateway.until_in_flight(1).await;
    drop(gone);
    let mut gone = gateway.send_with("GET /stalled", acme).await;
    gone.read_until("first\r\n").await;
    drop(gone);
    until_counted(&gateway, 5).await;
    assert_eq!(
        gateway.samples(ROUTES),
        [
            "/ GET 2xx 1",
            "/ GET 2xx acme 1",
            "/never GET 4xx acme 1",
            "/panic GET 5xx acme 1",
            "/stalled GET 4xx acme 1",
        ],
    );
    let labels = ["tenant", "error_type"];
    assert_eq!(
        http_requests(&gateway.metrics, &labels),
        [
            "/ 1",
            "/ acme 1",
            "/never acme client_closed 1",
            "/panic acme failed 1",
            "/stalled acme client_closed 1",
        ],
    );
    // Each layer calls its own closure.
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2 * 5);
    assert_eq!(gateway.ask_with("GET /", "X-Tenant: cursed\r\n").await, "", "it breaks off");
    // The closure of the outer layer panics, so the request never reaches the inner one.
    until(|| gateway.in_flight() == 0, String::new).await;
    assert!(gateway.samples(ROUTES).contains(&"/ GET 5xx 1".to_owned()));
}

#[tokio::test]
async fn a_label_is_bounded() {
    let metrics = MetricsRegistry::builder().max_series_per_family(2).build().unwrap();
    let layer = GatewayMetricsLayer::new(&metrics).label("tenant", |request| {
        Some(request.headers.get("x-tenant")?.to_str().ok()?.to_owned())
    });
    let app: Router = Router::new().route("/", get(async || ())).layer(layer);
    for tenant in ["a", "b", "c", "d", "a"] {
        let request = axum::http::Request::get("/").header("x-tenant", tenant).body(Body::empty());
        let response = tower::ServiceExt::oneshot(app.clone(), request.unwrap()).await.unwrap();
        axum::body::to_bytes(response.into_body(), 1).await.unwrap();
    }
    assert_eq!(
        samples(&metrics, ROUTES),
        ["/ GET 2xx a 2", "/ GET 2xx b 1", "aggregated GET 2xx aggregated aggregated aggregated 2"],
    );
}

/// A flood of values of a label hides neither the errors nor the successes.
#[tokio::test]
async fn merged_requests_show_whether_they_failed() {
    let metrics = MetricsRegistry::builder().max_series_per_family(1).build().unwrap();
    let layer = HttpMetricsLayer::new(&metrics).label("tenant", |request| {
        Some(request.headers.get("x-tenant")?.to_str().ok()?.to_owned())
    });
    let app: Router = Router::new()
        .route("/", get(async || "").put(async || StatusCode::BAD_GATEWAY))
        .route("/stalled", get(async || stalled("first")))
        .layer(layer);
    for (tenant, method, path, reads) in [
        ("first", "GET", "/", true),
        ("a", "GET", "/", true),
        ("b", "PUT", "/", true),
        ("c", "GET", "/stalled", false),
    ] {
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("x-tenant", tenant).body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
        if reads {
            axum::body::to_bytes(response.into_body(), 1).await.unwrap();
        }
    }
    assert_eq!(
        http_requests(&metrics, &["tenant", "error_type"]),
        [
            "/ first 1",
            "aggregated aggregated 1",
            "aggregated aggregated 502 1",
            "aggregated aggregated client_closed 1",
        ],
    );
}

#[tokio::test]
async fn sizes_are_those_of_the_bytes_that_were_handed_over() {
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| layer.body_sizes());
        Router::new()
            .route("/echo", post(async |body: String| body.repeat(2)))
            .route("/unread", post(async || "unread"))
            .route("/stalled", get(async || stalled("first")))
            .route("/never", get(never))
            .route("/head", get(async || "twelve bytes"))
            .layer(layer)
    })
    .await;
    gateway.ask_with("POST /echo", "Content-Length: 0\r\n").await;
    let mut client = gateway.send_with("POST /echo", "Content-Length: 10\r\n").await;
    client.write("0123456789").await;
    client.read_until("01234567890123456789").await;
    let mut client = gateway.send_with("POST /unread", "Content-Length: 10\r\n").await;
    client.write("0123456789").await;
    client.read_until("unread").await;
    let mut client = gateway.send("GET /stalled").await;
    client.read_until("first\r\n").await;
    drop(client);
    let client = gateway.send("GET /never").await;
    gateway.until_in_flight(1).await;
    drop(client);
    gateway.ask("HEAD /head").await;
    until_counted(&gateway, 6).await;
    let sums = |name: &str| {
        let route = if name.starts_with("caracal") { "route" } else { "http_route" };
        let mut sums = std::collections::BTreeMap::<String, f64>::new();
        for (labels, sum) in labelled(&gateway.metrics, name) {
            *sums.entry(labels[route].clone()).or_default() += sum.parse::<f64>().unwrap();
        }
        sums.into_iter().map(|(route, sum)| format!("{route} {sum}")).collect::<Vec<_>>()
    };
    for start in ["caracal_gateway_", "http_server_"] {
        assert_eq!(
            sums(&format!("{start}request_body_size_bytes_sum")),
            ["/echo 10", "/head 0", "/never 0", "/stalled 0", "/unread 0"],
        );
        // If a request ended without a response, no response size is recorded.
        assert_eq!(
            sums(&format!("{start}response_body_size_bytes_sum")),
            ["/echo 20", "/head 0", "/stalled 5", "/unread 6"],
        );
    }
}

#[tokio::test]
async fn answers_of_named_routes_are_streams() {
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| layer.streams(["/rows/{table}"]).body_sizes());
        Router::new()
            .route(
                "/rows/{table}",
                get(async || stalled("row"))
                    .delete(async || StatusCode::CONFLICT)
                    .put(async || StatusCode::OK),
            )
            .layer(layer)
    })
    .await;
    let mut client = gateway.send("GET /rows/agents").await;
    client.read_until("row\r\n").await;
    assert_eq!((gateway.in_flight(), gateway.open_streams()), (0, 1));
    assert_eq!(
        gateway.samples("caracal_gateway_response_body_size_bytes_count"),
        Vec::<String>::new()
    );
    drop(client);
    // An error and an empty body are not streams.
    gateway.ask("DELETE /rows/agents").await;
    gateway.ask("PUT /rows/agents").await;
    gateway.assert_streams(&["client 1"]).await;
    until_counted(&gateway, 3).await;
    assert_eq!(
        gateway.samples(ROUTES),
        ["/rows/{table} DELETE 4xx 1", "/rows/{table} GET 2xx 1", "/rows/{table} PUT 2xx 1"],
    );
    // The bytes of the stream are counted once, at its end.
    assert_eq!(
        gateway.samples("caracal_gateway_response_body_size_bytes_sum"),
        ["/rows/{table} DELETE 0.0", "/rows/{table} GET 3.0", "/rows/{table} PUT 0.0"],
    );
    let ended = gateway.samples("caracal_gateway_stream_duration_seconds_count");
    assert!(ended.contains(&"/rows/{table} client 1".to_owned()), "{ended:?}");
}

#[tokio::test]
async fn an_exemplar_of_the_users_own() {
    let gateway = Gateway::start_with(|metrics| {
        let layer = both!(metrics, |layer| layer.exemplar(|request| {
            let id = request.headers.get("x-request-id")?.to_str().ok()?;
            Exemplar::new(&[("request_id", id)]).ok()
        }));
        Router::new().route("/", get(async || "hello")).layer(layer)
    })
    .await;
    let traceparent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let exemplars = || {
        let mut page = Vec::new();
        gateway.metrics.encode(Format::OpenMetrics, &mut page);
        let page = String::from_utf8(page).unwrap();
        let found = page.lines().filter_map(|line| line.split_once(" # ")?.1.split_once('}'));
        found.map(|(labels, _)| labels.to_owned()).collect::<Vec<_>>()
    };
    gateway.ask_with("GET /", &format!("X-Request-Id: 4711\r\n{traceparent}")).await;
    until_counted(&gateway, 1).await;
    assert_eq!(exemplars(), [r#"{request_id="4711""#; 2]);
}

/// The message names the method and its argument, and what to do.
#[test]
fn what_makes_no_sense_is_refused_at_once() {
    static TAKEN: Family<Counter> =
        Family::counter("http_server_request_duration_seconds_total", "Taken.");

    fn said<T>(build: impl FnOnce() -> T) -> String {
        let panic = catch_unwind(AssertUnwindSafe(build)).err().expect("it is refused");
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a text")
    }
    let layer = || HttpMetricsLayer::new(&MetricsRegistry::new());
    let service = || tower::service_fn(async |()| Ok::<_, std::convert::Infallible>(()));
    let label = |name| layer().label(name, |_| None::<String>);
    let checks: [(String, &[&str]); 12] = [
        (said(|| layer().ignore(["health"])), &["`ignore`", "\"health\"", "slash"]),
        (said(|| layer().ignore(["/a/{b"])), &["`ignore`", "\"/a/{b\"", "not a valid route"]),
        (said(|| layer().streams(["/{*all}/b"])), &["`streams`", "\"/{*all}/b\""]),
        (
            said(|| layer().group("one", ["/a/{b}"]).group("two", ["/a/{c}"])),
            &["`group`", "\"/a/{c}\"", "\"/a/{b}\"", "\"one\"", "remove one of them"],
        ),
        (said(|| layer().group("unmatched", ["/"])), &["`group`", "\"unmatched\"", "another"]),
        (said(|| RouteName::new("")), &["RouteName::new", "another"]),
        (said(|| label("a").label("a", |_| None::<String>)), &["`label`", "\"a\"", "twice"]),
        (said(|| label("le").layer(service())), &["\"le\""]),
        (said(|| label("http_route").layer(service())), &["\"http_route\""]),
        (
            said(|| {
                let metrics = MetricsRegistry::new();
                HttpMetricsLayer::new(&metrics).label("a", |_| None::<String>).layer(service());
                HttpMetricsLayer::new(&metrics).layer(service())
            }),
            &["http_server_request_duration_seconds", "error_type, a", "error_type]"],
        ),
        (
            said(|| {
                let metrics = MetricsRegistry::new();
                metrics.family(&TAKEN).unwrap();
                HttpMetricsLayer::new(&metrics).layer(service())
            }),
            &["http_server_request_duration_seconds_total", "rename one of them"],
        ),
        (
            said(|| {
                let metrics = MetricsRegistry::builder().aggregate_label("http_route");
                HttpMetricsLayer::new(&metrics.build().unwrap()).layer(service())
            }),
            &["\"http_route\"", "http_server_streams_open", "aggregate in queries"],
        ),
    ];
    for (said, words) in checks {
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}
