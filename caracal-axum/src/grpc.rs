//! The facts that a gRPC call reports about itself.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use http::request::Parts;
use http::uri::PathAndQuery;

use crate::families::{GrpcRequest, GrpcStatus};
use crate::recording::{End, UNMATCHED_ROUTE};

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A gRPC call.
#[derive(Debug)]
pub(crate) struct GrpcCall {
    path: Option<PathAndQuery>,
    /// Whether axum matched a route.
    matched: bool,
    /// Present once the response has reported it, or the exchange has ended.
    status: Option<GrpcStatus>,
}

impl GrpcCall {
    /// Returns the call if the content type of the request is that of gRPC. gRPC-Web has another content
    /// type.
    pub(crate) fn of(request: &Parts, matched: bool) -> Option<Self> {
        let content_type = request.headers.get(CONTENT_TYPE)?.as_bytes();
        let rest = content_type.strip_prefix(b"application/grpc")?;
        let is_grpc = matches!(rest, [] | [b'+' | b';', ..]);
        let path = request.uri.path_and_query().cloned();
        is_grpc.then_some(Self { path, matched, status: None })
    }

    /// Reads the head of a response, or its trailers.
    pub(crate) fn read(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get(&GRPC_STATUS) {
            let code = code.to_str().ok().and_then(|code| code.parse::<usize>().ok());
            let status = code.and_then(|code| GrpcStatus::ALL.get(code).copied());
            self.status = Some(status.unwrap_or(GrpcStatus::Unknown));
        }
    }

    /// Called when the exchange has ended.
    pub(crate) fn end(&mut self, end: End, status: Option<StatusCode>) {
        self.status = Some(match (end, self.status) {
            (End::ClientClosed, _) => GrpcStatus::Cancelled,
            (End::Failed, _) => GrpcStatus::Internal,
            (End::Answered, Some(said)) => said,
            (End::Answered, None) => status.map_or(GrpcStatus::Unknown, of_http),
        });
    }

    /// Returns whether the service is the cause of the status.
    pub(crate) fn failed(&self) -> bool {
        self.status.is_some_and(GrpcStatus::is_of_the_server)
    }

    /// Returns the labels, once the status is known.
    pub(crate) fn labels(&self) -> Option<GrpcRequest<'_>> {
        let grpc_status = self.status?;
        // Requests for services that do not exist must not create series.
        let exists = self.matched || grpc_status != GrpcStatus::Unimplemented;
        let path = self.path.as_ref().map(PathAndQuery::path).filter(|_| exists);
        let names = path.and_then(|path| path.strip_prefix('/')?.rsplit_once('/'));
        let (service, method) = names.unwrap_or((UNMATCHED_ROUTE, UNMATCHED_ROUTE));
        Some(GrpcRequest { service, method, grpc_status })
    }
}

/// Returns the code that clients derive for a response without `grpc-status`, according to gRPC's "HTTP to
/// gRPC Status Code Mapping".
fn of_http(status: StatusCode) -> GrpcStatus {
    match status.as_u16() {
        400 => GrpcStatus::Internal,
        401 => GrpcStatus::Unauthenticated,
        403 => GrpcStatus::PermissionDenied,
        404 => GrpcStatus::Unimplemented,
        429 | 502 | 503 | 504 => GrpcStatus::Unavailable,
        _ => GrpcStatus::Unknown,
    }
}
