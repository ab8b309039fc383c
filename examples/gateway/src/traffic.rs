//! The requests that the gateway sends to itself over the network, like any other client.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Request, header, request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand::RngExt;
use rand::seq::IndexedRandom;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval};

use crate::auth::{API_KEY_HEADER, Credentials, random_hex};
use crate::demo::{ACTIONS, AGENTS};
use crate::replay::NONCE_HEADER;
use crate::routes::Services;

/// The maximum number of requests at a time, so that they do not pile up during an outage.
const AT_ONCE: usize = 100;
const TOKEN_LIFE: Duration = Duration::from_mins(1);

/// A kind of request.
#[derive(Clone, Copy, Debug)]
enum Step {
    ActWithToken,
    ActWithKey,
    ActWithoutNonce,
    Replay,
    ExpiredToken,
    ForgedToken,
    UnknownKey,
    NoCredentials,
    OtherAgent,
    UnknownPath,
    ReadLedger,
    SetPolicy,
    RemovePolicy,
}

/// Each kind of request once, so that the page shows all metrics within a second or two.
const OPENING: &[Step] = &[
    Step::ActWithToken,
    Step::ActWithKey,
    Step::SetPolicy,
    Step::ReadLedger,
    Step::Replay,
    Step::ActWithoutNonce,
    Step::ExpiredToken,
    Step::ForgedToken,
    Step::UnknownKey,
    Step::NoCredentials,
    Step::OtherAgent,
    Step::UnknownPath,
    Step::RemovePolicy,
];

/// The relative frequency of each kind of request after that.
const MIX: &[(Step, u32)] = &[
    (Step::ActWithToken, 430),
    (Step::ActWithKey, 330),
    (Step::ReadLedger, 80),
    (Step::SetPolicy, 40),
    (Step::Replay, 30),
    (Step::UnknownPath, 20),
    (Step::ExpiredToken, 15),
    (Step::UnknownKey, 15),
    (Step::ActWithoutNonce, 10),
    (Step::ForgedToken, 10),
    (Step::RemovePolicy, 10),
    (Step::NoCredentials, 5),
    (Step::OtherAgent, 5),
];

/// Sends requests until it is aborted.
pub(crate) async fn run(gateway: SocketAddr, services: Arc<Services>, per_second: u32) {
    let sender =
        Sender { gateway, services, client: Client::builder(TokioExecutor::new()).build_http() };
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut opening = OPENING.iter().copied().collect::<VecDeque<_>>();
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let step = opening.pop_front().unwrap_or_else(pick);
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            tracing::debug!("the gateway is slow: a request was not sent");
            continue;
        };
        let sender = sender.clone();
        tokio::spawn(async move {
            sender.take(step).await;
            drop(slot);
        });
    }
}

fn pick() -> Step {
    let weighted = MIX.choose_weighted(&mut rand::rng(), |(_, weight)| *weight);
    weighted.map_or(Step::ActWithToken, |(step, _)| *step)
}

#[derive(Clone)]
struct Sender {
    gateway: SocketAddr,
    services: Arc<Services>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Sender {
    fn credentials(&self) -> &Credentials {
        &self.services.credentials
    }

    async fn take(&self, step: Step) {
        let agent = some_agent();
        let action = some_action();
        let act = || self.request(Method::POST, &format!("/v1/agents/{agent}/actions/{action}"));
        let policy =
            |method| self.request(method, &format!("/v1/agents/{agent}/policies/{action}"));
        let token = |token: String| format!("Bearer {token}");
        let good_token = || token(self.credentials().token(agent, TOKEN_LIFE));
        let key = self.credentials().api_key(agent).unwrap_or_default();
        let nonce = random_hex();

        match step {
            Step::ActWithToken => {
                let act = act().header(header::AUTHORIZATION, good_token());
                self.send(act.header(NONCE_HEADER, nonce)).await;
            }
            Step::ActWithKey => {
                self.send(act().header(API_KEY_HEADER, key).header(NONCE_HEADER, nonce)).await;
            }
            Step::ActWithoutNonce => self.send(act().header(API_KEY_HEADER, key)).await,
            Step::Replay => {
                for _ in 0..2 {
                    let act = act().header(API_KEY_HEADER, key);
                    self.send(act.header(NONCE_HEADER, &nonce)).await;
                }
            }
            Step::ExpiredToken => {
                let expired = token(self.credentials().expired_token(agent));
                self.send(act().header(header::AUTHORIZATION, expired)).await;
            }
            Step::ForgedToken => {
                let forged = token(Credentials::generate(&[]).token(agent, TOKEN_LIFE));
                self.send(act().header(header::AUTHORIZATION, forged)).await;
            }
            Step::UnknownKey => {
                self.send(act().header(API_KEY_HEADER, format!("key-{nonce}"))).await;
            }
            Step::NoCredentials => self.send(act()).await,
            Step::OtherAgent => {
                let other = AGENTS.iter().find(|other| **other != agent).copied();
                let key = other.and_then(|other| self.credentials().api_key(other));
                self.send(act().header(API_KEY_HEADER, key.unwrap_or_default())).await;
            }
            Step::UnknownPath => {
                self.send(self.request(Method::GET, &format!("/v2/{action}"))).await;
            }
            Step::ReadLedger => {
                let ledger = self.request(Method::GET, &format!("/v1/agents/{agent}/ledger"));
                self.send(ledger.header(header::AUTHORIZATION, good_token())).await;
            }
            Step::SetPolicy => {
                let effect = if rand::rng().random_bool(0.75) { "allow" } else { "deny" };
                let policy = policy(Method::PUT)
                    .header(API_KEY_HEADER, self.credentials().operator_key())
                    .header(header::CONTENT_TYPE, "application/json");
                self.send_with_body(policy, format!(r#"{{"effect":"{effect}"}}"#)).await;
            }
            Step::RemovePolicy => {
                let key = self.credentials().operator_key();
                self.send(policy(Method::DELETE).header(API_KEY_HEADER, key)).await;
            }
        }
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        Request::builder().method(method).uri(format!("http://{}{path}", self.gateway))
    }

    async fn send(&self, request: request::Builder) {
        self.send_with_body(request, String::new()).await;
    }

    async fn send_with_body(&self, request: request::Builder, body: String) {
        let request = match request.body(Full::from(body)) {
            Ok(request) => request,
            Err(error) => return tracing::error!(%error, "the demo built an invalid request"),
        };
        match self.client.request(request).await {
            // Read to its end, so that the connection can be reused.
            Ok(response) => {
                let _ = response.into_body().collect().await;
            }
            Err(error) => tracing::debug!(%error, "the gateway did not respond"),
        }
    }
}

/// Some agents send more requests than others.
fn some_agent() -> &'static str {
    let mut rng = rand::rng();
    let (a, b) = (rng.random_range(0..AGENTS.len()), rng.random_range(0..AGENTS.len()));
    AGENTS[a.min(b)]
}

fn some_action() -> &'static str {
    ACTIONS.choose(&mut rand::rng()).copied().unwrap_or_default()
}
