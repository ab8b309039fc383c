//! One scrape, from its request to its answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use caracal_metrics_core::Negotiated;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    RETRY_AFTER, VARY,
};
use http::{HeaderValue, Method, StatusCode};

use super::authorization::Authorization;
use super::encoding::Coding;
use super::page::Page;
use super::page_body::PageBody;
use super::pages::{PageKey, Pages};
use super::readers::{Client, Readers};
use crate::scrape_metrics::ScrapeMetrics;

/// What nginx calls a request whose client closed the connection first.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What all scrapes of one endpoint share.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) pages: Pages,
    pub(super) scrapes: ScrapeMetrics,
    pub(super) readers: Arc<Readers>,
    pub(super) authorization: Authorization,
    #[cfg(feature = "live")]
    pub(super) runbook: Option<String>,
}

impl Endpoint {
    pub(super) fn into_method_router<S>(self: Arc<Self>) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        any(move |request: Request| Arc::clone(&self).answer(request))
    }

    pub(super) fn into_router<S>(self: Arc<Self>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        Router::new().route("/metrics", self.into_method_router())
    }

    /// The answer to a request that is not let in, or that would change something.
    pub(super) fn refusal(&self, request: &Request) -> Option<Response> {
        if !self.authorization.allows(request.headers()) {
            let challenges = self.authorization.challenges();
            return Some((StatusCode::UNAUTHORIZED, challenges).into_response());
        }
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        (!reads).then(|| (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response())
    }

    async fn answer(self: Arc<Self>, request: Request) -> Response {
        let in_flight = self.scrapes.track_in_flight();
        let mut scrape = Scrape { metrics: self.scrapes.clone(), answered: false };
        if let Some(refusal) = self.refusal(&request) {
            return scrape.end(refusal);
        }
        let Some(place) = self.readers.enter(Client::Scrape).await else {
            let text = "As many scrapes as allowed are being answered: try again later.\n";
            let headers = [(RETRY_AFTER, "1")];
            return scrape.end((StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response());
        };
        let negotiated = Negotiated::from_accept(&list(request.headers(), &ACCEPT));
        let key = PageKey {
            format: negotiated.format(),
            coding: Coding::from_accept(&list(request.headers(), &ACCEPT_ENCODING)),
            names: names(request.uri().query().unwrap_or_default()),
        };
        match self.pages.make(key).await {
            Ok(page) => {
                scrape.record(StatusCode::OK);
                let headers = page_headers(negotiated, &page);
                let len = page.len();
                let reader = place.read(page, Some(in_flight), request.extensions().get().cloned());
                (headers, Body::new(PageBody::new(reader, len))).into_response()
            }
            Err(error) => scrape
                .end((StatusCode::INTERNAL_SERVER_ERROR, format!("{error}.\n")).into_response()),
        }
    }
}

fn page_headers(negotiated: Negotiated, page: &Page) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(negotiated.content_type()));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if page.is_gzip() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

/// A scrape that is being answered. Dropped before that, its client has gone.
struct Scrape {
    metrics: ScrapeMetrics,
    answered: bool,
}

impl Scrape {
    fn record(&mut self, status: StatusCode) {
        self.metrics.record(status.as_u16());
        self.answered = true;
    }

    fn end(mut self, response: Response) -> Response {
        self.record(response.status());
        response
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        if !self.answered {
            self.metrics.record(CLIENT_CLOSED_REQUEST);
        }
    }
}

/// All of a header's lines as one list, as RFC 9110 (section 5.3) has them mean.
pub(super) fn list(headers: &HeaderMap, name: &HeaderName) -> String {
    let mut list = String::new();
    for line in headers.get_all(name) {
        // Neither media types nor codings have bytes beyond ASCII, so such a line names none of
        // ours.
        if let Ok(line) = line.to_str() {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(line);
        }
    }
    list
}

/// The families that the query asks for, in one order however it has them.
fn names(query: &str) -> Vec<String> {
    let mut names: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "name[]")
        .map(|(_, name)| name.into_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
