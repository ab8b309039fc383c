//! The arrival of a request.

use std::sync::Arc;

use axum::extract::MatchedPath;
use caracal_metrics_core::adapter::Stopwatch;
use http::Request;

use super::{Ending, Exchange, Stream};
use crate::extras::{Extras, Named, RouteSlot};
use crate::families::RequestMethod;
use crate::grpc::GrpcCall;
use crate::missing::Missing;
use crate::options::CustomValues;
use crate::received;
use crate::recording::{Arrival, Recording};
use crate::shared::Shared;
use crate::trace::TraceId;

impl<R: Recording> Exchange<R> {
    #[inline]
    #[expect(clippy::unnecessary_box_returns, reason = "an exchange is made in its box")]
    pub(crate) fn begin<B>(shared: &Arc<Shared<R>>, request: &mut Request<B>) -> Box<Self> {
        // Reading the clock waits for earlier instructions, of which the route's reference count is a slow one.
        let started = Stopwatch::start();
        let route = if shared.knows_route { matched_path(request) } else { None };
        Self::begin_on(shared, request, started, route)
    }

    /// Begins the exchange of a request for which axum matched this route.
    #[inline]
    #[expect(clippy::unnecessary_box_returns, reason = "an exchange is made in its box")]
    fn begin_on<B>(
        shared: &Arc<Shared<R>>,
        request: &mut Request<B>,
        started: Stopwatch,
        route: Option<MatchedPath>,
    ) -> Box<Self> {
        let method = RequestMethod::of(request.method());
        let (uri, headers) = (request.uri(), request.headers());
        let (kept, in_flight) = shared.recording.arrived(Arrival { method, uri, headers });
        let trace = TraceId::of(headers);
        let mut extras = None;
        if shared.knows_route && route.is_none() && RouteSlot::are_used() {
            extras = Some(Box::new(Extras::with_slot(request.extensions_mut())));
        }
        Box::new(Self {
            started,
            in_flight,
            kept,
            method,
            trace,
            route,
            extras,
            missing: Missing::UNKNOWN,
            status: None,
            ending: Ending::Abandoned,
            stream: Stream::IfHeadSays,
            shared: Arc::clone(shared),
        })
    }

    /// Begins the exchange of a request for which the layer does more than count before it calls the service.
    /// Returns `None` if the request is ignored.
    pub(crate) fn admit<B: 'static>(
        shared: &Arc<Shared<R>>,
        request: Request<B>,
    ) -> (Request<B>, Option<Box<Self>>) {
        let options = &shared.options;
        let route = matched_path(&request);
        let pattern = route.as_ref().map(MatchedPath::as_str);
        let path = request.uri().path();
        if options.ignored.name(pattern, path).is_some() {
            return (request, None);
        }
        let matched = route.is_some();
        let group = options.groups.name(pattern, path).map(Arc::clone);
        let streams = options.streams.name(pattern, path).is_some();
        let mut request = request;
        let mut exchange = Self::begin_on(shared, &mut request, Stopwatch::start(), route);
        if streams {
            exchange.stream = Stream::Route;
        }
        if let Some(name) = group {
            exchange.extras().named = Some(Named::Group { name, matched });
        }
        let (parts, mut body) = request.into_parts();
        // This runs code of the user. A panic ends the request.
        shared.recording.read_request(&mut exchange.kept, &parts);
        if let Some(exemplar) = &options.exemplar
            && let Some(exemplar) = exemplar(&parts)
        {
            exchange.trace = TraceId::new(exemplar.trace_id().unwrap_or_default());
            if exchange.trace == TraceId::NONE {
                exchange.extras().exemplar = Some(exemplar);
            }
        }
        if shared.grpc.is_some()
            && let Some(call) = GrpcCall::of(&parts, matched)
        {
            exchange.extras().grpc = Some(call);
        }
        if !options.labels.is_empty() {
            let mut of = options.labels.iter();
            let values = CustomValues::default().map(|_| of.next().and_then(|l| (l.value)(&parts)));
            exchange.extras().labels = values;
        }
        if shared.sizes.is_some() {
            exchange.extras().received = received::count(&mut body);
        }
        (Request::from_parts(parts, body), Some(exchange))
    }

    /// Returns the extras. Creates them if there are none.
    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

#[inline]
fn matched_path<B>(request: &Request<B>) -> Option<MatchedPath> {
    request.extensions().get::<MatchedPath>().cloned()
}
