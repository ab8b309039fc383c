//! Authentication with bearer tokens and API keys.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The header that carries an API key.
pub const API_KEY_HEADER: &str = "x-api-key";

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name under which the caller acts.
    pub name: String,
    /// Whether the caller may change policies and read every ledger.
    pub operator: bool,
    /// The authentication method: `jwt` or `api_key`.
    pub method: &'static str,
}

impl Caller {
    /// Returns whether the caller may act for this agent, or read about it.
    #[must_use]
    pub fn is(&self, agent_id: &str) -> bool {
        self.name == agent_id
    }
}

/// The reason why authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The method that was tried, or `none`.
    pub method: &'static str,
    /// One of a few fixed words.
    pub reason: &'static str,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    sub: String,
    exp: u64,
}

/// The secrets of one run: a signing key for tokens, and the API keys of all callers.
pub struct Credentials {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Callers by key. The hash of the map is keyed, so its timing reveals nothing about the API keys.
    callers: HashMap<String, Caller>,
}

const OPERATOR: &str = "operator";

impl Credentials {
    /// Creates new secrets for these agents and an operator.
    #[must_use]
    pub fn generate(agents: &[&str]) -> Self {
        let secret: [u8; 32] = rand::rng().random();
        let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
        // The same clock signs and verifies.
        validation.leeway = 0;
        let callers = agents.iter().chain([&OPERATOR]).map(|name| {
            let caller =
                Caller { name: (*name).to_owned(), operator: *name == OPERATOR, method: "api_key" };
            (format!("key-{}", random_hex()), caller)
        });
        Self {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            validation,
            callers: callers.collect(),
        }
    }

    /// Returns a token for this agent.
    ///
    /// # Panics
    ///
    /// Panics if the system clock is before 1970.
    #[must_use]
    pub fn token(&self, agent_id: &str, valid_for: Duration) -> String {
        self.token_until(agent_id, since_epoch() + valid_for)
    }

    /// Returns a token that expired a minute ago.
    ///
    /// # Panics
    ///
    /// Panics if the system clock is before 1970.
    #[must_use]
    pub fn expired_token(&self, agent_id: &str) -> String {
        self.token_until(agent_id, since_epoch().saturating_sub(Duration::from_mins(1)))
    }

    fn token_until(&self, agent_id: &str, end: Duration) -> String {
        let claims = Claims { sub: agent_id.to_owned(), exp: end.as_secs() };
        jsonwebtoken::encode(&Header::default(), &claims, &self.encoding)
            .expect("signing a small JSON object with HMAC can't fail")
    }

    /// Returns the API key of an agent, or of `operator`.
    #[must_use]
    pub fn api_key(&self, name: &str) -> Option<&str> {
        let mut callers = self.callers.iter();
        callers.find_map(|(key, caller)| (caller.name == name).then_some(key.as_str()))
    }

    /// Returns the operator's API key.
    #[must_use]
    pub fn operator_key(&self) -> &str {
        self.api_key(OPERATOR).unwrap_or_default()
    }

    /// Authenticates a request. An API key takes precedence over a token.
    ///
    /// # Errors
    ///
    /// Returns an error if there is neither, or if the one that is used is invalid.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Refused> {
        if let Some(key) = headers.get(API_KEY_HEADER) {
            let caller = key.to_str().ok().and_then(|key| self.callers.get(key));
            return caller.cloned().ok_or(Refused { method: "api_key", reason: "unknown_key" });
        }
        let Some(header) = headers.get(header::AUTHORIZATION) else {
            return Err(Refused { method: "none", reason: "missing_credentials" });
        };
        let refused = |reason| Refused { method: "jwt", reason };
        let token = header.to_str().ok().and_then(bearer).ok_or(refused("malformed"))?;
        let token = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| {
                refused(match error.kind() {
                    ErrorKind::ExpiredSignature => "expired",
                    ErrorKind::InvalidSignature => "bad_signature",
                    _ => "malformed",
                })
            })?;
        Ok(Caller { name: token.claims.sub, operator: false, method: "jwt" })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("callers", &self.callers.len()).finish_non_exhaustive()
    }
}

/// Returns the token of an `Authorization: Bearer` header. The name of the scheme is case-insensitive.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970")
}

/// 128 random bits.
pub(crate) fn random_hex() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}
