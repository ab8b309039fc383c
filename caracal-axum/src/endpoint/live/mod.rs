//! A page that shows the metrics in a browser.

mod assets;
mod cardinality;
mod documents;
mod families;
mod family;
mod files;
mod groups;
mod json;
mod largest;
mod native;
mod overview;
mod query;
mod roles;
mod series;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use caracal_metrics_core::MetricsRegistry;
use caracal_monitoring::{Target, TargetError};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::MetricsEndpoint;
use super::answer::{Endpoint, list};
use super::blocking::run_blocking;
use super::encoding::Coding;
use super::hang_up::HangUp;
use super::page::Page;
use super::page_body::PageBody;
use super::readers::Client;
use assets::{ASSETS, Asset, page};
use documents::{Document, Documents, Wanted};
use families::FamiliesQuery;
use files::{File, target};
use series::SeriesQuery;

/// Allows only the page's own files, and no inline scripts or styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Returns a router with a page that shows the registry's metrics in a browser, updated once a second. Nest
/// it into your router.
///
/// The overview shows requests, latencies, pools, breakers, caches and the runtime, if the service has them.
/// *All metrics* shows every family, including your own and those of the attached `prometheus::Registry`.
/// *Files* has a Grafana dashboard, Prometheus rules and a scrape configuration for this service. The page
/// loads nothing from other hosts.
///
/// The browser requests the numbers once a second while the page is visible. For the overview, the metrics
/// are read about once a second, regardless of how many browsers show the page. Some other views, such as
/// *Cardinality* or a family that is not followed, need additional readings each second while a browser shows
/// them. Browsers that show the same view share these readings. The history is only in the browser, and starts
/// when the page is opened.
///
/// A service may have more families than a browser can follow. Families without a panel in the overview are
/// followed while all followed families fit into 256 KiB of JSON. If they do not fit, the page says so. It
/// also lists the others under *All metrics*, and reads them separately while a viewer looks at them.
///
/// Everyone who can open the page can read all metrics. To require the authorization of an endpoint, use
/// [`MetricsEndpoint::live`].
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::{Router, routing::get};
/// use caracal_metrics::axum::{HttpMetricsLayer, live_page};
/// use caracal_metrics::MetricsRegistry;
/// # use axum::{body::Body, http::{Request, StatusCode}};
/// # use tower::ServiceExt;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
///
/// let metrics = MetricsRegistry::new();
/// let app: Router = Router::new()
///     .route("/orders", get(async || "[]"))
///     .layer(HttpMetricsLayer::new(&metrics))
///     // After the layer, which counts the requests to the routes before it.
///     .nest("/live", live_page(&metrics));
///
/// let response = app.oneshot(Request::get("/live").body(Body::empty()).unwrap()).await.unwrap();
/// assert_eq!(response.status(), StatusCode::OK);
/// assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
/// # });
/// ```
pub fn live_page<S>(metrics: &MetricsRegistry) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let endpoint = MetricsEndpoint::new(metrics).build();
    router(endpoint, metrics.clone()).with_state(())
}

impl MetricsEndpoint {
    /// Adds a page that shows the metrics in a browser. It is at `/` of the server (`serve`) and of
    /// [`into_router`](Self::into_router), in addition to `/metrics`.
    /// [`into_method_router`](Self::into_method_router) has only `/metrics`. See [`live_page`].
    ///
    /// The page requires the endpoint's authorization. A browser asks its user for the name and the password
    /// of [`basic_auth`](Self::basic_auth). It can't ask for a bearer token, so an endpoint that accepts only
    /// tokens answers 401.
    ///
    /// Requests of viewers are not counted as scrapes. The limit
    /// [`max_concurrent_scrapes`](Self::max_concurrent_scrapes) also applies to viewers, separately from
    /// scrapes. A stalled viewer is dropped in the same way as a stalled scrape.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::MetricsEndpoint;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let endpoint = MetricsEndpoint::new(&MetricsRegistry::new())
    ///     .basic_auth("ops", "a long secret")
    ///     .live();
    /// let admin: axum::Router = endpoint.into_router();
    /// ```
    pub fn live(mut self) -> Self {
        self.live = Some(router);
        self
    }

    /// Sets the URL of the page that explains what to do about each alert. The alerts in the `rules.yml` that
    /// the live page offers link to it, as with `Target::runbook` of `caracal-monitoring`. By default, they
    /// have no link.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::MetricsEndpoint;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let endpoint = MetricsEndpoint::new(&MetricsRegistry::new())
    ///     .live()
    ///     .runbook("https://wiki.example/shop/alerts");
    /// let admin: axum::Router = endpoint.into_router();
    /// ```
    pub fn runbook(mut self, url: impl Into<String>) -> Self {
        self.runbook = Some(url.into());
        self
    }
}

/// Returns the routes of the page and its files. The endpoint authorizes the requests and limits the number
/// of viewers.
fn router(endpoint: Arc<Endpoint>, metrics: MetricsRegistry) -> Router {
    let live = Arc::new(Live { endpoint, documents: Documents::new(metrics) });
    let route = |resource: Resource| {
        let live = Arc::clone(&live);
        any(move |request: Request| Arc::clone(&live).answer(resource, request))
    };
    let mut router = Router::new()
        .route("/", route(Resource::Page))
        .route("/live.json", route(Resource::Overview))
        .route("/families.json", route(Resource::Families))
        .route("/series.json", route(Resource::Series))
        .route("/cardinality.json", route(Resource::Cardinality));
    for file in File::ALL {
        router = router.route(&format!("/{}", file.name()), route(Resource::File(file)));
    }
    for asset in &ASSETS {
        router = router.route(&format!("/{}", asset.name), route(Resource::Asset(asset)));
    }
    router
}

#[derive(Clone, Copy, Debug)]
enum Resource {
    Page,
    Asset(&'static Asset),
    Overview,
    Families,
    Series,
    Cardinality,
    File(File),
}

#[derive(Debug)]
struct Live {
    endpoint: Arc<Endpoint>,
    documents: Documents,
}

impl Live {
    async fn answer(self: Arc<Self>, resource: Resource, request: Request) -> Response {
        if let Some(refusal) = self.endpoint.refusal(&request) {
            return refusal;
        }
        let (request, _) = request.into_parts();
        let found = match resource {
            Resource::Page => page_document(&request),
            Resource::Asset(asset) => asset_document(asset),
            Resource::Overview => self.numbers(Wanted::Overview).await,
            Resource::Families => {
                let query = request.uri.query().unwrap_or_default();
                self.numbers(match query::value(query, "family") {
                    Some(name) => Wanted::Family(name),
                    None => Wanted::Families(FamiliesQuery::parse(query)),
                })
                .await
            }
            Resource::Series => {
                let query = SeriesQuery::parse(request.uri.query().unwrap_or_default());
                self.numbers(Wanted::Series(query)).await
            }
            Resource::Cardinality => self.numbers(Wanted::Cardinality).await,
            Resource::File(file) => match self.target(&request) {
                Ok(target) => self.make(file, target).await,
                Err(error) => {
                    return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
                }
            },
        };
        let Some((mut headers, document)) = found else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        if headers.contains_key(ETAG) && headers.get(ETAG) == request.headers.get(IF_NONE_MATCH) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        // Viewers take a place only now, because they need no memory while they wait for a document.
        let Some(place) = self.endpoint.readers.enter(Client::Viewer).await else {
            return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response();
        };
        let page = encoded(document, &request.headers, &mut headers);
        let len = page.len();
        let hang_up = request.extensions.get::<HangUp>().cloned();
        let reader = place.read(page, None, hang_up);
        (headers, Body::new(PageBody::new(reader, len))).into_response()
    }

    fn target(&self, request: &Parts) -> Result<Target, TargetError> {
        target(request, self.documents.metrics(), self.endpoint.runbook.as_deref())
    }

    async fn numbers(&self, wanted: Wanted) -> Option<Found> {
        let document = self.documents.get(wanted).await?;
        Some((headers("application/json", "no-store"), document))
    }

    async fn make(&self, file: File, target: Target) -> Option<Found> {
        let metrics = self.documents.metrics().clone();
        let text = run_blocking(move || file.make(&metrics, &target)).await?;
        let mut headers = headers(file.content_type(), "no-store");
        let disposition = format!("attachment; filename=\"{}\"", file.name());
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).ok()?);
        Some((headers, Document::new(text.as_bytes())?))
    }
}

/// The headers and the content of an answer.
type Found = (HeaderMap, Document);

fn page_document(request: &Parts) -> Option<Found> {
    let path = request.extensions.get::<OriginalUri>();
    let path = path.map_or(request.uri.path(), |uri| uri.path());
    let document = Document::new(page(path).as_bytes())?;
    Some((headers("text/html; charset=utf-8", "no-cache"), document))
}

fn asset_document(asset: &Asset) -> Option<Found> {
    let (document, tag) = asset.get()?;
    let mut headers = headers(asset.content_type, "no-cache");
    headers.insert(ETAG, HeaderValue::from_str(tag).ok()?);
    Some((headers, document.clone()))
}

fn headers(content_type: &'static str, cache: &'static str) -> HeaderMap {
    let headers: [(HeaderName, &str); 6] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "Accept-Encoding"),
    ];
    headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

fn encoded(document: Document, asked: &HeaderMap, headers: &mut HeaderMap) -> Page {
    match Coding::from_accept(&list(asked, &ACCEPT_ENCODING)) {
        Coding::Identity => document.plain,
        Coding::Gzip | Coding::OnlyGzip => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            document.gzip
        }
    }
}
