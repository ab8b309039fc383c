//! One scrape, from its request to its answer.

use std::collections::BinaryHeap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use caracal_metrics_core::Negotiated;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderValue, Method, StatusCode};

use super::authorization::Authorization;
use super::encoding::Coding;
use super::page::Page;
use super::page_body::PageBody;
use super::pages::{PageKey, Pages};
use super::readers::{Client, Readers};
use crate::scrape_metrics::ScrapeMetrics;

/// The status code that nginx uses if the client closed the connection before the response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The state that all scrapes of one endpoint share.
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

    /// Returns the answer to a request that is not authorized, or that has another method than GET and HEAD.
    pub(super) fn refusal(&self, request: &Request) -> Option<Response> {
        if !self.authorization.allows(request.headers()) {
            let mut refusal = answer(StatusCode::UNAUTHORIZED, Body::empty());
            for challenge in self.authorization.challenges() {
                let challenge = HeaderValue::from_static(challenge);
                refusal.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
            return Some(refusal);
        }
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let mut refusal = answer(StatusCode::METHOD_NOT_ALLOWED, Body::empty());
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        Some(refusal)
    }

    async fn answer(self: Arc<Self>, request: Request) -> Response {
        let in_flight = self.scrapes.track_in_flight();
        let mut scrape = Scrape { endpoint: Arc::clone(&self), answered: false };
        if let Some(refusal) = self.refusal(&request) {
            return scrape.end(refusal);
        }
        let Some(place) = self.readers.enter(Client::Scrape).await else {
            let text = "The maximum number of concurrent scrapes is reached: try again later.\n";
            let mut refusal = text_answer(StatusCode::SERVICE_UNAVAILABLE, text.into());
            refusal.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return scrape.end(refusal);
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
                let mut response = Response::new(Body::new(PageBody::new(reader, len)));
                *response.headers_mut() = headers;
                response
            }
            Err(error) => {
                let text = format!("{error}.\n");
                scrape.end(text_answer(StatusCode::INTERNAL_SERVER_ERROR, text.into()))
            }
        }
    }
}

/// Returns an answer without headers. The answers are put together by hand, because axum's conversion from
/// tuples is compiled for each combination of types, and took 15 kilobytes of the smallest service.
fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn text_answer(status: StatusCode, text: Body) -> Response {
    let mut response = answer(status, text);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
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

/// A scrape that is being answered. If it is dropped before its answer, its client has disconnected.
struct Scrape {
    endpoint: Arc<Endpoint>,
    answered: bool,
}

impl Scrape {
    fn record(&mut self, status: StatusCode) {
        self.endpoint.scrapes.record(status.as_u16());
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
            self.endpoint.scrapes.record(CLIENT_CLOSED_REQUEST);
        }
    }
}

/// All lines of a header as one list. RFC 9110 (section 5.3) defines them as equivalent.
pub(super) fn list(headers: &HeaderMap, name: &HeaderName) -> String {
    let mut list = String::new();
    for line in headers.get_all(name) {
        // Media types and codings are ASCII, so a line with other bytes names none of ours.
        if let Ok(line) = line.to_str() {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(line);
        }
    }
    list
}

/// Returns the families that the query asks for, sorted, so that the order in the query does not matter.
fn names(query: &str) -> Vec<String> {
    // A heap, because the code that sorts a slice takes four kilobytes for each type.
    let names: BinaryHeap<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "name[]")
        .map(|(_, name)| name.into_owned())
        .collect();
    let mut names = names.into_sorted_vec();
    names.dedup();
    names
}
