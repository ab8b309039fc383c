//! A separate gateway for each test, and a client for it.

#![allow(dead_code, reason = "each test file uses the part that it needs")]

use std::time::Duration;

use axum::http::{HeaderMap, Method, Request, StatusCode, header, request};
use bytes::Bytes;
use gateway::{Config, Gateway};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

pub(crate) const AGENT: &str = "billing-bot";

/// The maximum time that a test waits for an event. It is reached only by a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn quiet_config() -> Config {
    Config { listen: "127.0.0.1:0".to_owned(), no_traffic: true, ..Config::default() }
}

pub(crate) struct Running {
    pub(crate) gateway: Gateway,
    client: Client<HttpConnector, Full<Bytes>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

impl Running {
    /// A gateway that sends no requests itself.
    pub(crate) async fn quiet() -> Self {
        Self::with(&quiet_config()).await
    }

    pub(crate) async fn with(config: &Config) -> Self {
        let gateway = Gateway::start(config).await.expect("the gateway starts");
        Self { gateway, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> request::Builder {
        let url = format!("http://{}{path}", self.gateway.address());
        Request::builder().method(method).uri(url)
    }

    /// A request to act, without credentials and nonce.
    pub(crate) fn act(&self, agent: &str, action: &str) -> request::Builder {
        self.request(Method::POST, &format!("/v1/agents/{agent}/actions/{action}"))
    }

    /// A valid request to act.
    pub(crate) fn good_act(&self, agent: &str, action: &str) -> request::Builder {
        self.act(agent, action).header("x-api-key", self.key(agent)).header("x-nonce", nonce())
    }

    pub(crate) fn policy(&self, method: Method, agent: &str, action: &str) -> request::Builder {
        self.request(method, &format!("/v1/agents/{agent}/policies/{action}"))
            .header("x-api-key", self.gateway.credentials().operator_key())
    }

    pub(crate) fn key(&self, agent: &str) -> String {
        self.gateway.credentials().api_key(agent).expect("an agent of the demo").to_owned()
    }

    pub(crate) fn bearer(&self, agent: &str) -> String {
        format!("Bearer {}", self.gateway.credentials().token(agent, Duration::from_mins(1)))
    }

    pub(crate) async fn send(&self, request: request::Builder) -> Answer {
        self.send_json(request, "").await
    }

    pub(crate) async fn send_json(&self, request: request::Builder, body: &str) -> Answer {
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::from(body.to_owned())).expect("a valid request");
        let response = self.client.request(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("all of the answer").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// The value of a sample on the page.
    pub(crate) fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.gateway.metrics().sample(name, labels)
    }

    /// The value of a counter. 0 if it does not exist.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let value = self.sample(name, labels).unwrap_or_default();
        value.to_string().parse().expect("a counter of events")
    }
}

/// A nonce that was not used before.
pub(crate) fn nonce() -> String {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{}", NEXT.fetch_add(1, Relaxed))
}
