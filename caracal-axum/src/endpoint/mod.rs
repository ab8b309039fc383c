//! The metrics page for scrapers.

mod answer;
mod authorization;
mod blocking;
mod encoding;
mod hang_up;
#[cfg(feature = "live")]
mod live;
mod page;
mod page_body;
mod pages;
mod readers;
#[cfg(feature = "serve")]
mod server;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::MethodRouter;
use caracal_metrics_core::MetricsRegistry;

use crate::scrape_metrics::ScrapeMetrics;
use answer::Endpoint;
use authorization::Authorization;
#[cfg(feature = "live")]
pub use live::live_page;
use pages::Pages;
use readers::Readers;
#[cfg(feature = "serve")]
pub use server::{MetricsServer, MetricsServerBuilder};

/// The same number as in node_exporter (`--web.max-requests`). It is enough for every Prometheus of a large
/// installation, and too small to fill the memory.
const DEFAULT_MAX_CONCURRENT_SCRAPES: usize = 40;

/// At level 1, compressing counters with short labels takes about as long as writing their page. Histograms
/// take up to 6 times as long, and labels that are UUIDs up to 17 times. A page of this length is therefore
/// compressed in at most 6 milliseconds, and saves a tenth of a second on a connection of 100 megabits per
/// second.
const DEFAULT_GZIP_UP_TO: usize = 1024 * 1024;

/// By default, Prometheus abandons a scrape after 10 seconds, and at the latest after its interval.
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves the registry's page to GET and HEAD. This is a [`MetricsEndpoint`] with its default settings.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::Router;
/// use caracal_metrics::axum::metrics_endpoint;
/// use caracal_metrics::MetricsRegistry;
///
/// let app: Router = Router::new().route("/metrics", metrics_endpoint(&MetricsRegistry::new()));
/// ```
pub fn metrics_endpoint<S>(metrics: &MetricsRegistry) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    MetricsEndpoint::new(metrics).into_method_router()
}

/// The endpoint from which scrapers read the registry's page.
///
/// The `Accept` header determines the format ([`Negotiated::from_accept`]). `Accept-Encoding` determines
/// whether the page is compressed with gzip (up to [`gzip_up_to`](Self::gzip_up_to)). The parameters
/// `?name[]=` select families ([`MetricsRegistry::encode_named`]).
///
/// The page is complete before its first byte is sent. If it can't be made because the runtime is shutting
/// down, the answer is status 500, and never a part of a page. The page is made on a thread for blocking
/// work, because collectors and callbacks may run any code, and a page of 100,000 series takes milliseconds.
/// Other requests of the worker would otherwise wait for it. Scrapes that wait for the same page share it. No
/// scrape gets a page that was begun before the scrape arrived.
///
/// Scrapes are counted in `caracal_metrics_scrapes_total`, by the status code of the answer.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
/// use axum::Router;
/// use caracal_metrics::axum::MetricsEndpoint;
/// use caracal_metrics::MetricsRegistry;
///
/// let endpoint = MetricsEndpoint::new(&MetricsRegistry::new())
///     .max_concurrent_scrapes(5)
///     .bearer_token("a long secret");
/// let app: Router = Router::new().route("/metrics", endpoint.into_method_router());
/// ```
///
/// [`Negotiated::from_accept`]: caracal_metrics_core::Negotiated::from_accept
#[derive(Clone, Debug)]
#[must_use = "an endpoint serves nothing until it is added to a router or served"]
pub struct MetricsEndpoint {
    metrics: MetricsRegistry,
    max_concurrent_scrapes: usize,
    read_timeout: Duration,
    gzip_up_to: usize,
    authorization: Authorization,
    /// Creates the routes of the live page. This is a function pointer, so that a program that does not use
    /// the live page does not contain its code.
    #[cfg(feature = "live")]
    live: Option<fn(Arc<Endpoint>, MetricsRegistry) -> Router>,
    /// The link of the alerts that the live page offers.
    #[cfg(feature = "live")]
    runbook: Option<String>,
}

impl MetricsEndpoint {
    /// Creates an endpoint for this registry. By default, it answers everyone.
    pub fn new(metrics: &MetricsRegistry) -> Self {
        Self {
            metrics: metrics.clone(),
            max_concurrent_scrapes: DEFAULT_MAX_CONCURRENT_SCRAPES,
            read_timeout: DEFAULT_READ_TIMEOUT,
            gzip_up_to: DEFAULT_GZIP_UP_TO,
            authorization: Authorization::default(),
            #[cfg(feature = "live")]
            live: None,
            #[cfg(feature = "live")]
            runbook: None,
        }
    }

    /// Sets the maximum number of concurrent scrapes. Defaults to 40; 0 means unlimited.
    ///
    /// A scrape lasts until its last byte was handed to the network. If the maximum is reached when a new
    /// scrape arrives, the endpoint drops the reader that has stalled longest. A reader has stalled if it has
    /// taken nothing for a 300th of the [`read_timeout`](Self::read_timeout), which is a tenth of a second by
    /// default. A new scrape waits up to a quarter of a second for this. If no reader has stalled by then,
    /// the answer is status 503 with `Retry-After`.
    pub fn max_concurrent_scrapes(mut self, limit: usize) -> Self {
        self.max_concurrent_scrapes = limit;
        self
    }

    /// Sets the maximum time in which a client has to read the page. Defaults to 30 seconds.
    ///
    /// The endpoint drops a client that takes longer. Its place and the memory of the page are released when
    /// the next scrape arrives, at the latest. If the client continues to read, its connection breaks, so
    /// that it cannot take a part of the page for a complete one. In your own router, the connection itself
    /// stays open until the client or your server closes it. It keeps at most 16 pieces of the page of about
    /// 16 KiB each (one for each stream in HTTP/2). A server from `MetricsEndpoint::serve` closes the
    /// connection.
    ///
    /// Dropped scrapes are counted in `caracal_metrics_scrapes_given_up_total`. The reason is `timeout`, or
    /// `displaced` if [`max_concurrent_scrapes`](Self::max_concurrent_scrapes) was reached.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the maximum length of a page, in bytes, up to which it is compressed for clients that accept
    /// gzip. Defaults to a mebibyte, which is about 13,000 counters or 1,100 histograms.
    ///
    /// Compressing takes several times as long as writing the page, so a longer page is sent uncompressed.
    /// For a scraper on a slow connection, use `usize::MAX`, which compresses every page. 0 disables
    /// compression. A client that refuses uncompressed pages (`identity;q=0`) always gets gzip.
    pub fn gzip_up_to(mut self, bytes: usize) -> Self {
        self.gzip_up_to = bytes;
        self
    }

    /// Answers only requests that have this token (`Authorization: Bearer …`). All others get status 401.
    /// Prometheus sends the token with `authorization: { credentials: … }`. White space around the token, such
    /// as the line break at the end of a mounted file, is removed.
    ///
    /// You can add several tokens and users. A request needs only one of them.
    ///
    /// ```should_panic
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// # use caracal_metrics::axum::MetricsEndpoint;
    /// # use caracal_metrics::MetricsRegistry;
    /// # let metrics = MetricsRegistry::new();
    /// let token = std::env::var("A_VARIABLE_THAT_IS_NOT_SET").unwrap_or_default();
    /// let endpoint = MetricsEndpoint::new(&metrics).bearer_token(&token);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the token is empty or white space, for example because a setting is missing. Such a token
    /// would let in either everyone or no scraper.
    pub fn bearer_token(mut self, token: &str) -> Self {
        assert!(
            !token.trim_ascii().is_empty(),
            "MetricsEndpoint::bearer_token: the token is empty, so no scraper could be let in; set \
             the token, or leave out the call to let in everyone who can reach the endpoint"
        );
        self.authorization.allow_bearer(token);
        self
    }

    /// Answers only requests that have this name and password (`Authorization: Basic …`). All others get status
    /// 401 Unauthorized. Prometheus sends them with `basic_auth`.
    ///
    /// You can add several tokens and users. A request needs only one of them.
    ///
    /// # Panics
    ///
    /// Panics if the password is empty, for example because a setting is missing.
    pub fn basic_auth(mut self, username: &str, password: &str) -> Self {
        assert!(
            !password.is_empty(),
            "MetricsEndpoint::basic_auth: the password of {username:?} is empty, so no scraper could \
             be let in; set the password, or leave out the call to let in everyone who can reach the \
             endpoint"
        );
        self.authorization.allow_basic(username, password);
        self
    }

    /// Converts the endpoint to a route for an existing router: `.route("/metrics",
    /// endpoint.into_method_router())`.
    ///
    /// It answers all methods. Methods other than GET and HEAD get status 405.
    pub fn into_method_router<S>(self) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.build().into_method_router()
    }

    /// Converts the endpoint to a router with the page at `/metrics`.
    pub fn into_router<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.router().0.with_state(())
    }

    /// Returns the router, and the clients that read from it.
    fn router(self) -> (Router, Arc<Readers>) {
        #[cfg(feature = "live")]
        let live = self.live.map(|live| (live, self.metrics.clone()));
        let endpoint = self.build();
        let readers = Arc::clone(&endpoint.readers);
        let router = Arc::clone(&endpoint).into_router();
        #[cfg(feature = "live")]
        let router = match live {
            Some((live, metrics)) => router.merge(live(endpoint, metrics)),
            None => router,
        };
        (router, readers)
    }

    fn build(self) -> Arc<Endpoint> {
        let scrapes = ScrapeMetrics::new(&self.metrics).unwrap_or_else(|error| panic!("{error}"));
        let readers = Readers::new(self.max_concurrent_scrapes, self.read_timeout, scrapes.clone());
        Arc::new(Endpoint {
            pages: Pages::new(self.metrics, scrapes.clone(), self.gzip_up_to),
            scrapes,
            readers,
            authorization: self.authorization,
            #[cfg(feature = "live")]
            runbook: self.runbook,
        })
    }
}
