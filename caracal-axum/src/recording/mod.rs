//! What a layer records of an exchange: the part in which the layers differ.

mod by_route;
mod gateway;
mod http;

use std::fmt;
use std::time::Duration;

use ::http::request::Parts as RequestParts;
use ::http::response::Parts as ResponseParts;
use ::http::{Extensions, HeaderMap, Uri};
use caracal_metrics_core::{Exemplar, FamilyError, GaugeGuard, MetricsRegistry};

pub(crate) use self::gateway::GatewaySettings;
pub use self::gateway::{Gateway, UNMATCHED_ROUTE};
pub use self::http::Http;
use crate::families::RequestMethod;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The response was handed over whole.
    Answered,
    /// Nobody waited for the response any more.
    ClientClosed,
    /// The service or the body panicked, or failed.
    Failed,
}

/// What is known of a request before the service is called.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    pub(crate) method: RequestMethod,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

/// What is known of an exchange once it has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub(crate) end: End,
    pub(crate) method: RequestMethod,
    /// The response's, if it came.
    pub(crate) status: Option<u16>,
    pub(crate) duration: Duration,
    /// The pattern that matched. Known only where [`Recording::by_route`] says so.
    pub(crate) route: Option<&'a str>,
    pub(crate) exemplar: Option<&'a Exemplar>,
}

/// What a layer records: the strategy of its exchanges. [`Gateway`] records the families of the
/// catalogue, [`Http`] those of OpenTelemetry.
///
/// One value is shared by all services of a layer. What it keeps of one exchange is a
/// [`Kept`](Self::Kept), which moves with the exchange, so it is small.
pub trait Recording: fmt::Debug + Send + Sync + Sized + 'static {
    /// What the layer's methods have set.
    type Settings: Clone + fmt::Debug + Default + Send + Sync;
    /// What is kept of one exchange.
    type Kept: fmt::Debug + Send + Sync;

    #[doc(hidden)]
    fn new(metrics: &MetricsRegistry, settings: &Self::Settings) -> Result<Self, FamilyError>;

    /// Whether it records by route.
    #[doc(hidden)]
    fn by_route(&self) -> bool;

    #[doc(hidden)]
    fn arrived(&self, request: Arrival<'_>) -> (Self::Kept, GaugeGuard);

    /// Whether [`read_request`](Self::read_request) has something to read.
    #[doc(hidden)]
    fn reads_requests(&self) -> bool {
        false
    }

    #[doc(hidden)]
    fn read_request(&self, _: &mut Self::Kept, _: &RequestParts) {}

    /// Reads what the response says in its extensions. Says whether
    /// [`read_response`](Self::read_response) has to read the rest.
    #[doc(hidden)]
    fn read_extensions(&self, _: &mut Self::Kept, _: &Extensions) -> bool {
        false
    }

    #[doc(hidden)]
    fn read_response(&self, _: &mut Self::Kept, _: &ResponseParts) {}

    /// Reads the trailers of the response, which come last.
    #[doc(hidden)]
    fn read_trailers(&self, _: &mut Self::Kept, _: &HeaderMap) {}

    /// Counts an exchange.
    #[doc(hidden)]
    fn record(&self, kept: &Self::Kept, ended: &Ended<'_>);
}
