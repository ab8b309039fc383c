//! What a layer records of an exchange. This is the part in which the layers differ.

mod gateway;
pub(crate) mod gateway_extras;
mod http;
mod http_extras;
mod streams;

use std::fmt;
use std::time::Duration;

use ::http::request::Parts as RequestParts;
use ::http::response::Parts as ResponseParts;
use ::http::{Extensions, HeaderMap, Uri};
use caracal_metrics_core::{Counter, Exemplar, Family, FamilyError, GaugeGuard, MetricsRegistry};

pub use self::gateway::{Gateway, UNMATCHED_ROUTE};
pub use self::http::Http;
pub(crate) use self::streams::Streams;
use crate::extras::Extras;
use crate::families::{GrpcRequest, RequestMethod};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The complete response was handed over.
    Answered,
    /// Nothing waited for the response any more.
    ClientClosed,
    /// The service or the body panicked, or failed.
    Failed,
}

/// The facts about a request before the service is called.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    pub(crate) method: RequestMethod,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

/// The facts about an exchange that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub(crate) end: End,
    pub(crate) method: RequestMethod,
    /// The status of the response, if there was one.
    pub(crate) status: Option<u16>,
    pub(crate) duration: Duration,
    /// The route, if there is one and something records it.
    pub(crate) route: Option<&'a str>,
    pub(crate) exemplar: Option<&'a Exemplar>,
    pub(crate) extras: Option<&'a Extras>,
}

impl<'a> Ended<'a> {
    /// Returns the value of a label of the user, by index.
    fn label(&self, place: usize) -> Option<&'a str> {
        self.extras?.labels.get(place)?.as_deref()
    }

    /// Returns the number of bytes of the request's body that were received, if it is known.
    fn received(&self) -> Option<u64> {
        Some(self.extras?.received.as_ref()?.bytes())
    }

    /// Returns the number of bytes of the response's body that were delivered, if they are counted.
    fn sent(&self) -> u64 {
        self.extras.map_or(0, |extras| extras.sent)
    }

    /// Returns the facts about a gRPC call, if calls are counted.
    fn grpc(&self) -> Option<GrpcRequest<'a>> {
        self.extras?.grpc.as_ref()?.labels()
    }
}

/// Records an exchange in families that were asked for.
pub(crate) type RecordOf<R> = Box<dyn Fn(&<R as Recording>::Kept, &Ended<'_>) + Send + Sync>;

/// The strategy that determines what a layer records. [`Gateway`] records the families of the catalogue,
/// [`Http`] those of OpenTelemetry.
///
/// All services of a layer share one value of this type. The data of a single exchange is a
/// [`Kept`](Self::Kept).
pub trait Recording: fmt::Debug + Send + Sync + Sized + 'static {
    /// The settings that the methods of the layer have set.
    type Settings: Clone + fmt::Debug + Default + Send + Sync;
    /// The data of a single exchange.
    type Kept: fmt::Debug + Send + Sync;

    /// Whether requests are always recorded by route.
    const BY_ROUTE: bool;

    /// `labelled` is whether [`labelled`](Self::labelled) is recorded as well.
    #[doc(hidden)]
    fn new(
        metrics: &MetricsRegistry,
        settings: &Self::Settings,
        labelled: bool,
    ) -> Result<Self, FamilyError>;

    /// Returns the families by route with labels of these names.
    #[doc(hidden)]
    fn labelled(
        metrics: &MetricsRegistry,
        names: &[&'static str],
    ) -> Result<RecordOf<Self>, FamilyError>;

    /// Returns the families of the sizes of bodies.
    #[doc(hidden)]
    fn sizes(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError>;

    /// Returns the family of the time to the first byte. It is recorded when the head of the response is
    /// available.
    #[doc(hidden)]
    fn first_byte(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError>;

    /// Returns the family of gRPC calls.
    #[doc(hidden)]
    fn grpc_requests() -> &'static Family<Counter, GrpcRequest<'static>>;

    /// Returns the families of streams.
    #[doc(hidden)]
    fn streams(metrics: &MetricsRegistry) -> Result<Box<dyn Streams>, FamilyError>;

    #[doc(hidden)]
    fn arrived(&self, request: Arrival<'_>) -> (Self::Kept, GaugeGuard);

    /// Returns whether [`read_request`](Self::read_request) has anything to read.
    #[doc(hidden)]
    fn reads_requests(&self) -> bool {
        false
    }

    #[doc(hidden)]
    fn read_request(&self, _: &mut Self::Kept, _: &RequestParts) {}

    /// Reads what the response reports in its extensions. Returns whether
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

    /// Counts a request: at its end, or at its head if it becomes a stream.
    #[doc(hidden)]
    fn record(&self, kept: &Self::Kept, ended: &Ended<'_>);
}

/// gRPC calls.
pub(crate) fn grpc<R: Recording>(metrics: &MetricsRegistry) -> Result<RecordOf<R>, FamilyError> {
    let requests = metrics.family(R::grpc_requests())?;
    Ok(Box::new(move |_, ended| ended.grpc().into_iter().for_each(|call| requests.inc(call))))
}
