//! The families of this adapter, in addition to those of the catalogue that it feeds.

mod gateway;
mod http;
mod scrapes;

use caracal_metrics_core::{FamilySpec, catalogue};

pub use self::gateway::{
    GATEWAY_ROUTE_REQUEST_DURATION, GATEWAY_ROUTE_REQUESTS, RouteRequest, RouteRequestTime,
    StatusClass,
};
pub use self::http::{
    ActiveRequest, HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_DURATION, HttpRequest,
    RequestMethod, SentStatus, UrlScheme,
};
pub use self::scrapes::{
    ConnectionClosed, CutReason, GivenUp, SCRAPE_PAGE_DURATION, SCRAPES, SCRAPES_GIVEN_UP,
    SCRAPES_IN_FLIGHT, SERVER_CONNECTIONS_CLOSED, Scrape,
};

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 9] = [
    GATEWAY_ROUTE_REQUESTS.spec(),
    GATEWAY_ROUTE_REQUEST_DURATION.spec(),
    HTTP_SERVER_REQUEST_DURATION.spec(),
    HTTP_SERVER_ACTIVE_REQUESTS.spec(),
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
