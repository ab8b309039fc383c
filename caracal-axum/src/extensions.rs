//! What a response can say about its request.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};

/// How the caller was authenticated: the `auth_method` label of the request. A response extension.
///
/// Set it where the answer is known, in the authentication middleware or in a handler. A request
/// without one counts under what the layer's classifiers say, and otherwise as `none`.
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
    /// The label's value. Open, so the registry bounds how many there can be.
    pub Cow<'static, str>,
);

impl AuthMethod {
    /// The method with this name.
    pub fn new(method: impl Into<Cow<'static, str>>) -> Self {
        Self(method.into())
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for AuthMethod {
    fn from(method: T) -> Self {
        Self::new(method)
    }
}

/// The authentication failed: counted in `caracal_gateway_auth_failures_total`. A response
/// extension.
///
/// Does not set the request's `auth_method`: a caller that failed to authenticate has none, unless
/// the response carries an [`AuthMethod`] too.
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
    /// How the caller tried to authenticate.
    pub method: Cow<'static, str>,
    /// Why that failed; one of few, not a message.
    pub reason: Cow<'static, str>,
}

impl AuthFailure {
    /// A failure of this method for this reason.
    pub fn new(method: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { method: method.into(), reason: reason.into() }
    }
}

/// Replay protection blocked the request: counted in `caracal_gateway_replay_blocks_total`. A
/// response extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplayBlock {
    /// Why it was taken for a replay; one of few, not a message.
    pub reason: Cow<'static, str>,
}

impl ReplayBlock {
    /// A block for this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The request was answered from cached policies alone: counted in
/// `caracal_gateway_degraded_mode_requests_total`. A response extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DegradedMode;

macro_rules! response_extension {
    ($($name:ident)*) => { $(
        /// Lets a handler return it in a tuple, beside the body.
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
