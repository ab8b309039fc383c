//! The page of metrics, for a scraper.

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

/// As many as node_exporter answers (`--web.max-requests`): enough for every Prometheus of a large
/// installation, and too few to fill the memory.
const DEFAULT_MAX_CONCURRENT_SCRAPES: usize = 40;

/// At level 1, what counters with short labels take to be compressed is about what their page takes
/// to be made; histograms take up to 6 times that, and labels that are UUIDs up to 17 times. So a page
/// of this length is compressed in 6 milliseconds at most: with a scrape every 15 seconds, 0.04 % of a processor.
/// That saves 95 % of the bytes of counters with short labels and of histograms, and 78 % with UUIDs: 60 milliseconds
/// or more on a line of 100 megabits a second.
const DEFAULT_GZIP_UP_TO: usize = 1024 * 1024;

/// Prometheus gives a scrape up after 10 seconds by default, and after its interval at the latest.
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves the registry's page to GET and HEAD: [`MetricsEndpoint`] with its default settings.
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

/// The endpoint that scrapers read the registry's page from.
///
/// The `Accept` header chooses the format ([`Negotiated::from_accept`]), `Accept-Encoding` whether it is
/// compressed with gzip (up to [`gzip_up_to`](Self::gzip_up_to)), and `?name[]=` (any number of them) which families it has
/// ([`MetricsRegistry::encode_named`]).
///
/// The page is whole before its first byte is sent: when it can't be made (the runtime is shutting
/// down), the answer is status 500 and never half a page. It is made on a thread for blocking
/// work, since collectors and samplers may be anyone's code and a page of 100,000 series takes
/// milliseconds, for which the worker's other requests would wait. Scrapes that wait for the same
/// page share it; no scrape gets one that was begun before it came.
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
#[must_use = "an endpoint serves nothing until it is put into a router, or served"]
pub struct MetricsEndpoint {
    metrics: MetricsRegistry,
    max_concurrent_scrapes: usize,
    read_timeout: Duration,
    gzip_up_to: usize,
    authorization: Authorization,
    /// Makes the routes of the live page. A function's address, so that a program that does not ask for
    /// the page does not have it.
    #[cfg(feature = "live")]
    live: Option<fn(Arc<Endpoint>, MetricsRegistry) -> Router>,
    /// What the alerts that the live page offers link to.
    #[cfg(feature = "live")]
    runbook: Option<String>,
}

impl MetricsEndpoint {
    /// An endpoint for this registry, open to all who reach it.
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

    /// How many scrapes are answered at a time. Defaults to 40; 0 means unlimited.
    ///
    /// A scrape lasts until its last byte was handed to the network. When one more comes, the reader that
    /// has stalled longest is given up: one that has taken nothing for a 300th of the
    /// [`read_timeout`](Self::read_timeout), a tenth of a second by default. A scrape waits up to a quarter
    /// of a second for that. When no reader has stalled by then, the answer is status 503 with
    /// `Retry-After`.
    pub fn max_concurrent_scrapes(mut self, limit: usize) -> Self {
        self.max_concurrent_scrapes = limit;
        self
    }

    /// How long a client may take to read the page. Defaults to 30 seconds.
    ///
    /// A client that takes longer is given up. Its place and the page's memory are released when the next
    /// scrape comes, at the latest; the client's connection breaks if it reads on, so that it cannot take
    /// half a page for a whole one. In a router of your own, the connection itself stays open until the
    /// client or your server closes it, and it keeps at most 16 pieces of the page of about 16 KiB each (one for
    /// each stream in HTTP/2). A server from `MetricsEndpoint::serve` closes the connection.
    ///
    /// Scrapes that are given up count in `caracal_metrics_scrapes_given_up_total`, with the reason
    /// `timeout`, or `displaced` where [`max_concurrent_scrapes`](Self::max_concurrent_scrapes) was
    /// reached.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// The longest page, in bytes, that is compressed for a client that takes gzip. Defaults to a mebibyte,
    /// which is about 13,000 counters or 1,100 histograms.
    ///
    /// Compressing takes several times as long as making the page. A longer page is sent as it is. With `usize::MAX` every page is
    /// compressed, for a scraper on a slow line; with 0 none is. A client that refuses pages that are not
    /// compressed (`identity;q=0`) gets gzip whatever the length.
    pub fn gzip_up_to(mut self, bytes: usize) -> Self {
        self.gzip_up_to = bytes;
        self
    }

    /// Answers only requests that carry this token (`Authorization: Bearer …`), and all others with
    /// status 401. Prometheus sends it with `authorization: { credentials: … }`. White space around it, such
    /// as the end of the line of a mounted file, is not part of it.
    ///
    /// With several tokens and users, each one is let in.
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
    /// When the token is empty or white space, as that of a setting that was forgotten: it would
    /// either let everyone in or no scraper.
    pub fn bearer_token(mut self, token: &str) -> Self {
        assert!(
            !token.trim_ascii().is_empty(),
            "MetricsEndpoint::bearer_token: the token is empty, so no scraper could be let in; set \
             the token, or leave out the call to let in everyone who can reach the endpoint"
        );
        self.authorization.allow_bearer(token);
        self
    }

    /// Answers only requests that carry this name and password (`Authorization: Basic …`), and all
    /// others with status 401. Prometheus sends them with `basic_auth`.
    ///
    /// With several tokens and users, each one is let in.
    ///
    /// # Panics
    ///
    /// When the password is empty, as that of a setting that was forgotten.
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

    /// For a router that exists: `.route("/metrics", endpoint.into_method_router())`.
    ///
    /// It answers all methods: those other than GET and HEAD with status 405.
    pub fn into_method_router<S>(self) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.build().into_method_router()
    }

    /// A router with the page at `/metrics`.
    pub fn into_router<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.router().0.with_state(())
    }

    /// The router, and who reads from it.
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
