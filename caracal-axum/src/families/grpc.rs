//! The families of gRPC calls.

use caracal_metrics_core::{Counter, Family, labels};

labels! {
    /// How a gRPC call ended, in the order of the numbers of `grpc-status`.
    #[non_exhaustive]
    pub enum GrpcStatus {
        /// 0: it succeeded.
        Ok => "ok",
        /// 1: it was cancelled, usually by the client.
        Cancelled => "cancelled",
        /// 2, a number that gRPC does not define, or no number in a response with status 200.
        Unknown => "unknown",
        /// 3.
        InvalidArgument => "invalid_argument",
        /// 4: it took longer than its deadline.
        DeadlineExceeded => "deadline_exceeded",
        /// 5.
        NotFound => "not_found",
        /// 6.
        AlreadyExists => "already_exists",
        /// 7.
        PermissionDenied => "permission_denied",
        /// 8.
        ResourceExhausted => "resource_exhausted",
        /// 9.
        FailedPrecondition => "failed_precondition",
        /// 10.
        Aborted => "aborted",
        /// 11.
        OutOfRange => "out_of_range",
        /// 12: the server does not have this service or method.
        Unimplemented => "unimplemented",
        /// 13, or a call whose service or body panicked or failed.
        Internal => "internal",
        /// 14.
        Unavailable => "unavailable",
        /// 15.
        DataLoss => "data_loss",
        /// 16.
        Unauthenticated => "unauthenticated",
    }

    /// The labels of a gRPC call.
    pub struct GrpcRequest<'a> {
        /// The service, with its package.
        pub service: &'a str,
        /// The method.
        pub method: &'a str,
        /// How the call ended.
        pub grpc_status: GrpcStatus,
    }
}

impl GrpcStatus {
    /// Returns whether the status is an error of the server, according to OpenTelemetry's conventions for
    /// RPC.
    pub(crate) fn is_of_the_server(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}

/// `gateway_grpc_requests_total`.
pub static GATEWAY_GRPC_REQUESTS: Family<Counter, GrpcRequest<'_>> = Family::counter(
    "gateway_grpc_requests_total",
    "Total number of gRPC calls through the gateway, by service, method and gRPC status",
)
.namespaced()
.shown_once_used();

/// `http_server_grpc_requests_total`.
pub static HTTP_SERVER_GRPC_REQUESTS: Family<Counter, GrpcRequest<'_>> = Family::counter(
    "http_server_grpc_requests_total",
    "Total number of gRPC calls, by service, method and gRPC status",
)
.shown_once_used();
