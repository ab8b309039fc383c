//! The page of metrics, for a scraper.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use caracal_metrics_core::{Format, MetricsRegistry};
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, VARY};
use http::{HeaderValue, StatusCode};
use tokio::runtime::Handle;

/// Serves the registry's page to GET and HEAD, in the format that the `Accept` header asks for.
///
/// The page is whole before its first byte is sent: when it can't be made (the runtime is shutting
/// down), the answer is status 500 and never half a page. It is made on a thread for blocking
/// work, since collectors and samplers may be anyone's code and a page of 100,000 series takes
/// milliseconds, for which the worker's other requests would wait.
///
/// ```
/// use axum::Router;
/// use caracal_axum::metrics_endpoint;
/// use caracal_metrics_core::MetricsRegistry;
///
/// let app: Router = Router::new().route("/metrics", metrics_endpoint(&MetricsRegistry::new()));
/// ```
pub fn metrics_endpoint<S>(metrics: &MetricsRegistry) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let metrics = metrics.clone();
    get(move |request: Request| answer(metrics.clone(), request))
        .fallback(async || (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]))
}

async fn answer(metrics: MetricsRegistry, request: Request) -> Response {
    let format = Format::negotiate(&accept(request.headers()));
    let make = move || {
        let mut page = Vec::new();
        metrics.encode(format, &mut page);
        page
    };
    let page = match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(make).await,
        // axum's router runs on other executors as well; there it has to be made here.
        Err(_) => Ok(make()),
    };
    match page {
        Ok(page) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
                (VARY, HeaderValue::from_name(ACCEPT)),
            ];
            (headers, page).into_response()
        }
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The page of metrics could not be made: the runtime is shutting down.\n",
        )
            .into_response(),
    }
}

/// All of the `Accept` lines as one list, as RFC 9110 (section 5.3) has them mean.
fn accept(headers: &HeaderMap) -> String {
    let mut list = String::new();
    for line in headers.get_all(ACCEPT) {
        // No media type has bytes beyond ASCII, so such a line can't name one of ours.
        if let Ok(line) = line.to_str() {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(line);
        }
    }
    list
}
