//! The families of this adapter, in addition to those of the catalogue that it feeds.

mod common;
mod error_type;
mod gateway;
mod grpc;
mod http;
mod scrapes;
mod sent_status;

use caracal_metrics_core::{FamilySpec, catalogue};

pub use self::common::{BODY_SIZES, CUSTOM_LABELS, STREAM_DURATIONS, StreamEnd};
pub use self::error_type::ErrorType;
pub use self::gateway::{
    EndedStream, GATEWAY_REQUEST_BODY_SIZE, GATEWAY_REQUEST_FIRST_BYTE, GATEWAY_RESPONSE_BODY_SIZE,
    GATEWAY_ROUTE_REQUEST_DURATION, GATEWAY_ROUTE_REQUESTS, GATEWAY_STREAM_DURATION,
    GATEWAY_STREAMS_OPEN, LABELLED_ROUTE_REQUEST_DURATION, LABELLED_ROUTE_REQUESTS,
    LabelledRouteRequest, LabelledRouteRequestTime, OpenStream, RouteRequest, RouteRequestTime,
    StatusClass,
};
pub use self::grpc::{GATEWAY_GRPC_REQUESTS, GrpcRequest, GrpcStatus, HTTP_SERVER_GRPC_REQUESTS};
pub use self::http::{
    ActiveRequest, EndedHttpStream, HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_FIRST_BYTE,
    HTTP_SERVER_REQUEST_BODY_SIZE, HTTP_SERVER_REQUEST_DURATION, HTTP_SERVER_RESPONSE_BODY_SIZE,
    HTTP_SERVER_STREAM_DURATION, HTTP_SERVER_STREAMS_OPEN, HttpRequest,
    LABELLED_HTTP_REQUEST_DURATION, LabelledHttpRequest, OpenHttpStream, RequestMethod,
    ResponseHead, UrlScheme,
};
pub use self::scrapes::{
    ConnectionClosed, CutReason, GivenUp, SCRAPE_PAGE_DURATION, SCRAPES, SCRAPES_GIVEN_UP,
    SCRAPES_IN_FLIGHT, SERVER_CONNECTIONS_CLOSED, Scrape,
};
pub use self::sent_status::SentStatus;

/// The families that this crate declares. A family with labels of the user has the same name as the family
/// without them, and is not listed.
pub static FAMILIES: [&FamilySpec; 21] = [
    GATEWAY_ROUTE_REQUESTS.spec(),
    GATEWAY_ROUTE_REQUEST_DURATION.spec(),
    GATEWAY_REQUEST_FIRST_BYTE.spec(),
    GATEWAY_REQUEST_BODY_SIZE.spec(),
    GATEWAY_RESPONSE_BODY_SIZE.spec(),
    GATEWAY_STREAMS_OPEN.spec(),
    GATEWAY_STREAM_DURATION.spec(),
    GATEWAY_GRPC_REQUESTS.spec(),
    HTTP_SERVER_REQUEST_DURATION.spec(),
    HTTP_SERVER_ACTIVE_REQUESTS.spec(),
    HTTP_SERVER_REQUEST_BODY_SIZE.spec(),
    HTTP_SERVER_RESPONSE_BODY_SIZE.spec(),
    HTTP_SERVER_FIRST_BYTE.spec(),
    HTTP_SERVER_STREAMS_OPEN.spec(),
    HTTP_SERVER_STREAM_DURATION.spec(),
    HTTP_SERVER_GRPC_REQUESTS.spec(),
    SCRAPES.spec(),
    SCRAPES_IN_FLIGHT.spec(),
    SCRAPE_PAGE_DURATION.spec(),
    SCRAPES_GIVEN_UP.spec(),
    SERVER_CONNECTIONS_CLOSED.spec(),
];

/// The families of the catalogue that this crate feeds.
pub static FED_FAMILIES: [&FamilySpec; 6] = [
    catalogue::GATEWAY_REQUESTS.spec(),
    catalogue::GATEWAY_REQUEST_DURATION.spec(),
    catalogue::GATEWAY_REQUESTS_IN_FLIGHT.spec(),
    catalogue::GATEWAY_AUTH_FAILURES.spec(),
    catalogue::GATEWAY_REPLAY_BLOCKS.spec(),
    catalogue::GATEWAY_DEGRADED_MODE_REQUESTS.spec(),
];
