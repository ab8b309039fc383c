//! A client of the service, which keeps records of everything that it sends and receives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use integration_tests::service::{CACHE, DATABASE, DEGRADED, GOOD_KEY, KEY, NONCE};
use integration_tests::{Page, Series};
use percent_encoding::percent_decode_str;
use reqwest::{Method, StatusCode};
use tokio::task::JoinHandle;

/// The series that the records cover. Each must have the recorded value, and there must be no others.
const BOOKED: [&str; 16] = [
    "caracal_gateway_requests_total",
    "caracal_gateway_request_duration_seconds_count",
    "caracal_gateway_route_requests_total",
    "caracal_gateway_route_request_duration_seconds_count",
    "caracal_gateway_auth_failures_total",
    "caracal_gateway_replay_blocks_total",
    "caracal_gateway_degraded_mode_requests_total",
    POLICY_EVALUATIONS,
    "caracal_policy_evaluation_duration_seconds_count",
    "caracal_policy_cache_hits_total",
    "caracal_policy_cache_misses_total",
    ACQUIRED,
    "caracal_circuit_breaker_successes_total",
    "caracal_circuit_breaker_failures_total",
    "caracal_circuit_breaker_rejections_total",
    "caracal_circuit_breaker_unfinished_calls_total",
];
const POLICY_EVALUATIONS: &str = "caracal_policy_evaluations_total";
/// A request that reaches the database requests a connection once.
const ACQUIRED: &str = "caracal_database_connection_pool_acquire_duration_seconds_count";
/// The path of requests that wait for the administrator's lock.
const LOCK: &str = "/lock";
const BREAKER: (&str, &str) = ("name", "database");

/// Everything that was sent and received, as the expected values of the series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    series: BTreeMap<Series, f64>,
    decided: BTreeSet<String>,
    agents_are_folded: bool,
}

impl Books {
    fn count(&mut self, name: &str, labels: &[(&str, &str)]) {
        *self.series.entry(Series::new(name, labels)).or_default() += 1.0;
    }

    fn request(&mut self, method: &str, path: &str, status: &str, auth_method: &str) {
        let method = ("method", method);
        let labels = [method, ("status_code", status), ("auth_method", auth_method)];
        self.count("caracal_gateway_requests_total", &labels);
        self.count("caracal_gateway_request_duration_seconds_count", &labels[..2]);
        let route = match path.rsplit('/').next() {
            Some(action) if path.starts_with("/agents/") => format!("/agents/{{agent}}/{action}"),
            _ if path == LOCK => path.to_owned(),
            _ => "unmatched".to_owned(),
        };
        let status_class = format!("{}xx", &status[..1]);
        let labels = [("route", route.as_str()), method, ("status_class", &status_class)];
        self.count("caracal_gateway_route_requests_total", &labels);
        self.count("caracal_gateway_route_request_duration_seconds_count", &labels[..2]);
    }

    fn answered(&mut self, method: &Method, path: &str, answer: &Answer) {
        let status = answer.status;
        let auth_method = if status == StatusCode::UNAUTHORIZED { "none" } else { "key" };
        self.request(method.as_str(), path, status.as_str(), auth_method);
        match status {
            StatusCode::UNAUTHORIZED => {
                let labels = [("auth_method", "key"), ("reason", "unknown_key")];
                self.count("caracal_gateway_auth_failures_total", &labels);
            }
            StatusCode::CONFLICT => {
                self.count("caracal_gateway_replay_blocks_total", &[("reason", "nonce_reused")]);
            }
            _ => self.handled(path, answer),
        }
    }

    /// Records a request that reached its handler.
    fn handled(&mut self, path: &str, answer: &Answer) {
        if let Some(agent) = path.strip_prefix("/agents/").and_then(|p| p.strip_suffix("/act")) {
            let decision = match answer.status {
                StatusCode::OK => "allowed",
                StatusCode::FORBIDDEN => "denied",
                _ => "error",
            };
            let agent = percent_decode_str(agent).decode_utf8_lossy();
            self.count(POLICY_EVALUATIONS, &[("decision", decision), ("agent_id", &agent)]);
            if decision != "error" {
                self.decided.insert(agent.into_owned());
            }
            let decided = [("decision", decision)];
            self.count("caracal_policy_evaluation_duration_seconds_count", &decided);
        }
        match answer.cache.as_deref() {
            Some("hit") => self.count("caracal_policy_cache_hits_total", &[]),
            Some(_) => self.count("caracal_policy_cache_misses_total", &[]),
            None => {}
        }
        if answer.degraded {
            self.count("caracal_gateway_degraded_mode_requests_total", &[]);
        }
        if answer.database.as_deref().is_some_and(|database| database != "rejection") {
            self.count(ACQUIRED, &[]);
        }
        match answer.database.as_deref() {
            Some("success") => self.count("caracal_circuit_breaker_successes_total", &[BREAKER]),
            Some("failure") => self.count("caracal_circuit_breaker_failures_total", &[BREAKER]),
            Some(_) => self.count("caracal_circuit_breaker_rejections_total", &[BREAKER]),
            None => {}
        }
    }

    /// Records that the client disconnected while the database worked on its request.
    fn abandoned(&mut self, method: &Method, path: &str) {
        self.request(method.as_str(), path, "499", "none");
        self.count(ACQUIRED, &[]);
        let labels = [BREAKER, ("outcome", "cancelled")];
        self.count("caracal_circuit_breaker_unfinished_calls_total", &labels);
    }

    /// The number of agents for which there was a decision. This is the number of policies in the cache
    /// of the service.
    pub(crate) fn decided(&self) -> usize {
        self.decided.len()
    }

    /// The recorded value of a series, including series with additional labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &Series| {
            series.name == name
                && labels.iter().all(|(l, value)| series.labels.get(*l).is_some_and(|v| v == value))
        };
        self.series.iter().filter(|(series, _)| has(series)).map(|(_, count)| count).sum()
    }

    /// Checks that the page agrees with the records, series by series.
    pub(crate) fn compare(&self, page: &Page) -> Result<()> {
        for name in BOOKED {
            if self.agents_are_folded && name == POLICY_EVALUATIONS {
                let (booked, read) = (self.sum(name, &[]), page.sum(name, &[]));
                ensure!(booked == read, "{name}: {booked} recorded, {read} on the page");
                continue;
            }
            let booked: BTreeMap<_, _> =
                self.series.iter().filter(|(series, _)| series.name == name).collect();
            let read = page.moved(name);
            ensure!(
                booked
                    .iter()
                    .map(|(series, count)| (*series, **count))
                    .eq(read.iter().map(|(series, count)| (*series, *count))),
                "{name}: the books say\n{booked:#?}\nand the page\n{read:#?}"
            );
        }
        Ok(())
    }
}

/// The parts of a response that a client sees.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) database: Option<String>,
    pub(crate) cache: Option<String>,
    pub(crate) degraded: bool,
}

/// A client of one service. Clones share their records.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    books: Arc<Mutex<Books>>,
}

impl Client {
    pub(crate) fn new(address: std::net::SocketAddr) -> Self {
        let base = format!("http://{address}");
        Self { http: reqwest::Client::new(), base, books: Arc::default() }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Declares that the service has fewer series than agents, so that only sums can be compared.
    pub(crate) fn expect_folded_agents(&self) {
        self.books().agents_are_folded = true;
    }

    /// Forgets everything that was sent. The service was restarted and has forgotten it too.
    pub(crate) fn forget(&self) {
        *self.books() = Books::default();
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let header = |name| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let answer = Answer {
            status: response.status(),
            database: header(DATABASE),
            cache: header(CACHE),
            degraded: header(DEGRADED).is_some(),
        };
        response.bytes().await?;
        self.books().answered(&method, path, &answer);
        Ok(answer)
    }

    /// Asks whether an agent may act.
    pub(crate) async fn act(&self, agent: &str) -> Result<Answer> {
        self.send(Method::POST, &format!("/agents/{agent}/act"), &[(KEY, GOOD_KEY)]).await
    }

    /// The same, with an invalid key.
    pub(crate) async fn act_as_stranger(&self, agent: &str) -> Result<Answer> {
        self.send(Method::POST, &format!("/agents/{agent}/act"), &[(KEY, "guessed")]).await
    }

    /// The same, with a nonce.
    pub(crate) async fn act_once(&self, agent: &str, nonce: &str) -> Result<Answer> {
        let headers = [(KEY, GOOD_KEY), (NONCE, nonce)];
        self.send(Method::POST, &format!("/agents/{agent}/act"), &headers).await
    }

    pub(crate) async fn write(&self, agent: &str) -> Result<Answer> {
        self.send(Method::POST, &format!("/agents/{agent}/ledger"), &[(KEY, GOOD_KEY)]).await
    }

    pub(crate) async fn read(&self, agent: &str) -> Result<Answer> {
        self.send(Method::GET, &format!("/agents/{agent}/ledger"), &[(KEY, GOOD_KEY)]).await
    }

    pub(crate) async fn transfer(&self, agent: &str) -> Result<Answer> {
        self.send(Method::POST, &format!("/agents/{agent}/transfer"), &[(KEY, GOOD_KEY)]).await
    }

    /// Sends a request with an invented method and path.
    pub(crate) async fn invent(&self, method: &[u8], path: &str) -> Result<StatusCode> {
        let method = Method::from_bytes(method)?;
        let url = format!("{}{path}", self.base);
        let answer = self.http.request(method, url).header(KEY, GOOD_KEY).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        self.books().request("OTHER", path, status.as_str(), "key");
        Ok(status)
    }

    /// Starts a request that waits for the administrator's lock.
    pub(crate) fn start_waiting(&self) -> JoinHandle<Result<Answer>> {
        let client = self.clone();
        tokio::spawn(async move { client.send(Method::GET, LOCK, &[(KEY, GOOD_KEY)]).await })
    }

    /// Abandons a request that waits.
    pub(crate) async fn abandon(&self, waiting: JoinHandle<Result<Answer>>) {
        waiting.abort();
        if waiting.await.is_err_and(|error| error.is_cancelled()) {
            self.books().abandoned(&Method::GET, LOCK);
        }
    }

    pub(crate) async fn page(&self) -> Result<Page> {
        let page = self.http.get(format!("{}/metrics", self.base)).send().await?;
        Page::parse(page.error_for_status()?.text().await?)
    }
}
