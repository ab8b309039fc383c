//! Facts that a response can report about its request.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};

/// How the caller was authenticated: the `auth_method` label of the request. This is a response extension.
///
/// Set it in the authentication middleware or in a handler. If a response has none, the classifiers of the
/// layer determine the label. If they do not either, the label is `none`.
///
/// ```
/// # mod caracal_metrics { pub use caracal_axum as axum; }
/// use axum::{extract::Request, middleware::Next, response::Response};
/// use caracal_metrics::axum::AuthMethod;
///
/// async fn authenticate(request: Request, next: Next) -> Response {
///     let mut response = next.run(request).await;
///     response.extensions_mut().insert(AuthMethod::new("jwt"));
///     response
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthMethod(
    /// The value of the label. Any text is possible, so the registry limits the number of values.
    pub Cow<'static, str>,
);

impl AuthMethod {
    /// Creates a method with this name.
    pub fn new(method: impl Into<Cow<'static, str>>) -> Self {
        Self(method.into())
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for AuthMethod {
    fn from(method: T) -> Self {
        Self::new(method)
    }
}

/// The authentication failed. This is counted in `caracal_gateway_auth_failures_total`. It is a response
/// extension.
///
/// It does not set the `auth_method` of the request. A caller that failed to authenticate has none, unless
/// the response also has an [`AuthMethod`].
///
/// ```
/// # mod caracal_metrics { pub use caracal_axum as axum; }
/// use axum::http::StatusCode;
/// use axum::response::IntoResponse;
/// use caracal_metrics::axum::AuthFailure;
///
/// async fn reject() -> impl IntoResponse {
///     (StatusCode::UNAUTHORIZED, AuthFailure::new("jwt", "expired"), "token expired")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthFailure {
    /// The method by which the caller tried to authenticate.
    pub method: Cow<'static, str>,
    /// The reason for the failure. Use a small set of values, not a message.
    pub reason: Cow<'static, str>,
}

impl AuthFailure {
    /// Creates a failure of this method with this reason.
    pub fn new(method: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { method: method.into(), reason: reason.into() }
    }
}

/// Replay protection blocked the request. This is counted in `caracal_gateway_replay_blocks_total`. It is a
/// response extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplayBlock {
    /// Why the request was considered a replay. Use a small set of values, not a message.
    pub reason: Cow<'static, str>,
}

impl ReplayBlock {
    /// Creates a block with this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The request was answered from cached policies only. This is counted in
/// `caracal_gateway_degraded_mode_requests_total`. It is a response extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DegradedMode;

macro_rules! response_extension {
    ($($name:ident)*) => { $(
        /// Lets a handler return it in a tuple, together with the body.
        impl IntoResponseParts for $name {
            type Error = Infallible;

            fn into_response_parts(
                self,
                mut response: ResponseParts,
            ) -> Result<ResponseParts, Infallible> {
                response.extensions_mut().insert(self);
                Ok(response)
            }
        }
    )* };
}

response_extension!(AuthMethod AuthFailure ReplayBlock DegradedMode);
