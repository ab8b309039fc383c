//! Authorization of scrapes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap};
use subtle::{Choice, ConstantTimeEq};

/// The clients that the endpoint answers. Without any entry, it answers everyone.
#[derive(Clone, Default)]
pub(super) struct Authorization {
    allowed: Vec<Credentials>,
    bearer: bool,
    basic: bool,
}

#[derive(Clone)]
struct Credentials {
    scheme: &'static str,
    /// The text after the scheme.
    token: String,
}

/// Without the secrets, because settings are often logged.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes: Vec<_> = self.allowed.iter().map(|credentials| credentials.scheme).collect();
        f.debug_struct("Authorization").field("schemes", &schemes).finish_non_exhaustive()
    }
}

impl Authorization {
    pub(super) fn allow_bearer(&mut self, token: &str) {
        // A file in which a secret is mounted often ends with a line break, which no header can contain.
        let token = token.trim_ascii().to_owned();
        self.allowed.push(Credentials { scheme: "Bearer", token });
        self.bearer = true;
    }

    pub(super) fn allow_basic(&mut self, username: &str, password: &str) {
        let token = STANDARD.encode(format!("{username}:{password}"));
        self.allowed.push(Credentials { scheme: "Basic", token });
        self.basic = true;
    }

    pub(super) fn allows(&self, headers: &HeaderMap) -> bool {
        if self.allowed.is_empty() {
            return true;
        }
        let header = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes);
        let Some((scheme, token)) = header.and_then(split) else {
            return false;
        };
        // Each one is compared to its end, so that the time does not reveal which secret matched, or how much
        // of it.
        let mut allowed = Choice::from(0);
        for credentials in &self.allowed {
            if scheme.eq_ignore_ascii_case(credentials.scheme.as_bytes()) {
                allowed |= credentials.token.as_bytes().ct_eq(token);
            }
        }
        allowed.into()
    }

    /// Returns the challenges for clients that are not authorized.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &'static str> {
        let bearer = self.bearer.then_some(r#"Bearer realm="metrics""#);
        let basic = self.basic.then_some(r#"Basic realm="metrics", charset="UTF-8""#);
        bearer.into_iter().chain(basic)
    }
}

/// Scheme and token, which are separated by one or more spaces.
fn split(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = header.iter().position(|byte| *byte == b' ')?;
    let (scheme, token) = header.split_at(space);
    Some((scheme, token.trim_ascii()))
}
