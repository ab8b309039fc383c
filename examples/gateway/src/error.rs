//! The errors of refused requests, and how the metrics count them.

use std::sync::Arc;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use caracal_metrics::axum::{AuthFailure, AuthMethod, ReplayBlock};
use serde_json::json;

use crate::auth::Refused;
use crate::breaker::Unavailable;
use crate::replay::NonceError;

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// The credentials are missing or invalid.
    Unauthenticated(Refused),
    /// An agent acts or reads for another agent. Contains the authentication method.
    OtherAgent(&'static str),
    /// Only the operator may do this. Contains the authentication method of the caller.
    OperatorsOnly(&'static str),
    /// The nonce is missing, invalid or was used before.
    Nonce(NonceError),
    /// The route or the policy does not exist.
    NotFound,
    /// The database is needed but does not respond.
    Unavailable,
}

impl From<NonceError> for ApiError {
    fn from(error: NonceError) -> Self {
        Self::Nonce(error)
    }
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> Self {
        tracing::debug!(%error, "request failed");
        Self::Unavailable
    }
}

impl From<Arc<Unavailable>> for ApiError {
    fn from(error: Arc<Unavailable>) -> Self {
        tracing::debug!(%error, "request failed");
        Self::Unavailable
    }
}

impl ApiError {
    fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::OtherAgent(_) | Self::OperatorsOnly(_) => StatusCode::FORBIDDEN,
            Self::Nonce(NonceError::Reused) => StatusCode::CONFLICT,
            Self::Nonce(NonceError::Missing | NonceError::Invalid) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Unauthenticated(refused) => refused.reason,
            Self::OtherAgent(_) => "these credentials belong to another agent",
            Self::OperatorsOnly(_) => "only the operator may do this",
            Self::Nonce(NonceError::Missing) => "the header x-nonce is missing",
            Self::Nonce(NonceError::Invalid) => "x-nonce must have 1 to 64 characters",
            Self::Nonce(NonceError::Reused) => "this nonce was used before",
            Self::NotFound => "not found",
            Self::Unavailable => "the database does not respond: try again later",
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let response = (self.status(), Json(json!({ "error": self.message() }))).into_response();
        match self {
            Self::Unauthenticated(Refused { method, reason }) => (
                AuthMethod::new(method),
                AuthFailure::new(method, reason),
                [(header::WWW_AUTHENTICATE, "Bearer")],
                response,
            )
                .into_response(),
            Self::OtherAgent(method) => {
                (AuthFailure::new(method, "other_agent"), response).into_response()
            }
            Self::OperatorsOnly(method) => {
                (AuthFailure::new(method, "operators_only"), response).into_response()
            }
            Self::Nonce(NonceError::Reused) => {
                (ReplayBlock::new("nonce_reused"), response).into_response()
            }
            Self::Unavailable => ([(header::RETRY_AFTER, "1")], response).into_response(),
            // A missing or invalid nonce is not a replay.
            Self::Nonce(NonceError::Missing | NonceError::Invalid) | Self::NotFound => response,
        }
    }
}
