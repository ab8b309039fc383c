//! What each service shows when things break. These are the claims of `docs/comparison.md`.

use std::fs;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use comparison::{
    Service, caracal, given_up, metrics_crate, opentelemetry_crate, prometheus_client_crate,
    prometheus_crate,
};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use tokio::time::timeout;
use tower::ServiceExt;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/comparison.md");
/// More than the default limit of any service.
const CUSTOMERS: usize = 10_050;

/// What a page shows about a broken request.
struct Seen {
    /// The series of the route.
    counted: String,
    in_flight: f64,
}

struct Row {
    file: &'static str,
    /// The beginning of the gauge of requests in flight.
    in_flight: &'static str,
    /// The counts of the requests of a route begin with the first text and contain the second one.
    requests: [&'static str; 2],
    service: Service,
    pool: SqlitePool,
}

async fn pool() -> SqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    options.acquire_timeout(Duration::from_millis(50)).connect("sqlite::memory:").await.unwrap()
}

/// Waits for a condition. The server runs on this thread, so it is never observed in the middle of a step.
async fn until(reached: impl Fn() -> bool) {
    let reached = async {
        while !reached() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), reached).await.expect("the condition within 20 s");
}

impl Row {
    fn samples(&self, start: &str) -> Vec<String> {
        let page = (self.service.page)();
        page.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
    }

    fn seen(&self, route: &str) -> Seen {
        let [start, label] = self.requests;
        let label = format!("{label}=\"{route}\"");
        let mut counted = self.samples(start);
        counted.retain(|line| line.contains(&label));
        let gauges = self.samples(self.in_flight);
        let in_flight = gauges.iter().map(|line| line.rsplit(' ').next().unwrap());
        let in_flight = in_flight.map(|value| value.parse::<f64>().unwrap()).sum();
        Seen { counted: counted.join(""), in_flight }
    }

    /// Serves over a socket. Returns what remains of a client that disconnects, and of a handler that
    /// panics.
    async fn broken(&self) -> [Seen; 2] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, self.service.router.clone()).into_future());
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: shop\r\n\r\n");

        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(request("/slow").as_bytes()).await.unwrap();
        until(|| self.seen("/slow").in_flight == 1.0).await;
        drop(client);
        until(|| given_up() == 1).await;
        let cancelled = self.seen("/slow");

        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(request("/panic").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The panic closes the connection.
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "a panic is not answered");
        let panicked = self.seen("/panic");
        server.abort();
        [cancelled, panicked]
    }

    async fn get(&self, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.service.router.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    /// What the page shows after a caller has waited for a connection without success.
    async fn exhausted(&self) -> &'static str {
        assert_eq!(self.get("/stock").await, 200);
        let held = self.pool.acquire().await.unwrap();
        assert_eq!(self.get("/stock").await, 503);
        drop(held);
        let timeout = "shop_database_connection_errors_total{error_type=\"pool_timeout\"} 1";
        if !self.samples(timeout).is_empty() {
            return "size, idle, and 1 `pool_timeout`";
        }
        assert!(!self.samples("db_connections_idle").is_empty());
        "size and idle"
    }

    /// The number of series that a flood of customers creates.
    async fn flooded(&self) -> usize {
        let router: axum::Router = self.service.router.clone().with_state(());
        for customer in 0..CUSTOMERS {
            let request = Request::get(format!("/orders/c{customer}")).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
        let mut orders = self.samples("orders_total{");
        orders.extend(self.samples("shop_orders_total{"));
        orders.len()
    }

    /// The lines of the service that are neither blank nor comments.
    fn lines(&self) -> usize {
        let file = format!("{}/src/{}", env!("CARGO_MANIFEST_DIR"), self.file);
        let text = fs::read_to_string(file).unwrap();
        let code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        text.lines().filter(code).count()
    }

    /// The row of the document.
    async fn text(&self, name: &str) -> String {
        let [cancelled, panicked] = self.broken().await;
        let lines = self.lines();
        let of = |seen: &Seen| {
            let reason = seen.counted.split("error_type=\"").nth(1);
            let reason = reason.and_then(|rest| rest.split('"').next());
            let counted = match (seen.counted.as_str(), reason) {
                ("", _) => "not counted".to_owned(),
                (_, None) => "counted".to_owned(),
                (_, Some(reason)) => format!("counted as `{reason}`"),
            };
            let left = if seen.in_flight == 0.0 { "0" } else { "1, permanently" };
            format!("{counted}; in flight: {left}")
        };
        let pool = self.exhausted().await;
        let panicked = Seen { in_flight: panicked.in_flight - cancelled.in_flight, ..panicked };
        format!(
            "| {name} | {lines} | {} | {} | {pool} | {} series |",
            of(&cancelled),
            of(&panicked),
            self.flooded().await
        )
    }
}

async fn check(name: &str, row: Row) {
    let text = row.text(name).await;
    let document = fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(document.lines().any(|line| line == text), "docs/comparison.md needs the row\n{text}");
}

#[tokio::test]
async fn this_project() {
    let pool = pool().await;
    let service = caracal::service(&pool).unwrap();
    let requests = ["http_server_request_duration_seconds_count", "http_route"];
    let row = Row {
        file: "caracal.rs",
        in_flight: "http_server_active_requests{",
        requests,
        service,
        pool,
    };
    check("caracal-metrics", row).await;
}

#[tokio::test]
async fn axum_prometheus() {
    let pool = pool().await;
    let service = metrics_crate::service(&pool);
    let requests = ["axum_http_requests_total", "endpoint"];
    let row = Row {
        file: "metrics_crate.rs",
        in_flight: "axum_http_requests_pending{",
        requests,
        service,
        pool,
    };
    check("axum-prometheus and metrics", row).await;
}

const IN_FLIGHT: &str = "http_requests_in_flight ";
const REQUESTS: [&str; 2] = ["http_requests_seconds_count", "route"];

#[tokio::test]
async fn prometheus() {
    let pool = pool().await;
    let service = prometheus_crate::service(&pool).unwrap();
    let row = Row {
        file: "prometheus_crate.rs",
        in_flight: IN_FLIGHT,
        requests: REQUESTS,
        service,
        pool,
    };
    check("prometheus", row).await;
}

#[tokio::test]
async fn prometheus_client() {
    let pool = pool().await;
    let service = prometheus_client_crate::service(&pool);
    let row = Row {
        file: "prometheus_client_crate.rs",
        in_flight: IN_FLIGHT,
        requests: REQUESTS,
        service,
        pool,
    };
    check("prometheus-client", row).await;
}

#[tokio::test]
async fn opentelemetry() {
    let pool = pool().await;
    let service = opentelemetry_crate::service(&pool).unwrap();
    let requests = ["http_server_request_duration_seconds_count", "http_route"];
    let row = Row {
        file: "opentelemetry_crate.rs",
        in_flight: "http_server_active_requests{",
        requests,
        service,
        pool,
    };
    check("OpenTelemetry", row).await;
}
