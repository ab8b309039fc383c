//! The same small service, implemented five times: with this project, and with each of four comparable
//! libraries.
//!
//! Each service counts requests, the requests in flight, and the orders of each customer. It also records
//! how long requests take, and shows the state of its database pool. The service for each library follows
//! the documentation of that library. `tests/` runs the services, and checks the claims in
//! `docs/comparison.md`.

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;

pub mod caracal;
pub mod metrics_crate;
pub mod opentelemetry_crate;
pub mod prometheus_client_crate;
pub mod prometheus_crate;

/// A service, and how to read its metrics.
#[derive(Clone)]
pub struct Service {
    /// Serves `/orders/{customer}`, `/stock`, `/slow` and `/panic`.
    pub router: Router,
    /// The page for Prometheus.
    pub page: Arc<dyn Fn() -> String + Send + Sync>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

thread_local! {
    static GIVEN_UP: Cell<usize> = const { Cell::new(0) };
}

/// The number of requests for `/slow` that this thread has dropped.
#[must_use]
pub fn given_up() -> usize {
    GIVEN_UP.get()
}

/// Counts when it is dropped.
struct Waiting;

impl Drop for Waiting {
    fn drop(&mut self) {
        GIVEN_UP.set(GIVEN_UP.get() + 1);
    }
}

/// Never answers.
pub(crate) async fn slow() {
    let _waiting = Waiting;
    pending::<()>().await;
}

/// A handler with a bug.
pub(crate) async fn panics() {
    panic!("a bug")
}

/// The answer of a handler whose query may have failed.
pub(crate) fn stock(items: Result<i64, sqlx::Error>) -> Result<String, StatusCode> {
    items.map(|items| items.to_string()).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}
