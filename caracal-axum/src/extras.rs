//! The data that only some options need from an exchange.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use caracal_metrics_core::Exemplar;
use http::{Extensions, StatusCode};

use crate::grpc::GrpcCall;
use crate::options::CustomValues;

/// The data that only some options need from an exchange. It is allocated separately, so that an exchange
/// without it is created quickly.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) named: Option<Named>,
    pub(crate) labels: CustomValues,
    /// An exemplar of the user that is more than the id of a trace.
    pub(crate) exemplar: Option<Exemplar>,
    /// Bytes of the request's body that the service has read, if they can be counted.
    pub(crate) received: Option<Received>,
    /// Bytes of the response's body that the server has taken.
    pub(crate) sent: u64,
    pub(crate) grpc: Option<GrpcCall>,
}

impl Extras {
    /// Creates extras with a slot in the extensions of a request for which axum matched no route.
    #[inline(never)]
    pub(crate) fn with_slot(extensions: &mut Extensions) -> Self {
        // Another of our layers, around this one, has put one there.
        let slot = extensions.get::<RouteSlot>().cloned().unwrap_or_else(|| {
            let slot = RouteSlot::default();
            extensions.insert(slot.clone());
            slot
        });
        Self { named: Some(Named::Mounted(slot)), ..Self::default() }
    }
}

/// The source of the name of a route that axum did not match, or that has another name.
#[derive(Debug)]
pub(crate) enum Named {
    /// A pattern of the layer.
    Group {
        name: Arc<str>,
        /// Whether axum matched a route.
        matched: bool,
    },
    /// The [`RouteName`](crate::RouteName) that the request passes, if it passes one.
    Mounted(RouteSlot),
}

impl Named {
    /// Requests that axum did not match and that were answered with 404 are usually those of scanners, so
    /// they get no route.
    pub(crate) fn get(&self, status: Option<StatusCode>) -> Option<&str> {
        let found = status != Some(StatusCode::NOT_FOUND);
        match self {
            Self::Group { name, matched } => (*matched || found).then_some(&**name),
            Self::Mounted(slot) => slot.0.get().copied().filter(|_| found),
        }
    }
}

/// Bytes that were received.
#[derive(Debug)]
pub(crate) enum Received {
    /// There is no body.
    Nothing,
    /// The number of bytes that the wrapped body has returned so far.
    Counted(Arc<AtomicU64>),
}

impl Received {
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Counted(bytes) => bytes.load(Relaxed),
        }
    }
}

/// The slot in which a [`RouteName`](crate::RouteName) puts its name. It is an extension of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteSlot(Arc<OnceLock<&'static str>>);

/// Whether the process has created a [`RouteName`](crate::RouteName). Without one, no request has a slot.
static NAMES: AtomicBool = AtomicBool::new(false);

impl RouteSlot {
    /// From now on, requests have slots.
    pub(crate) fn begin() {
        NAMES.store(true, Relaxed);
    }

    pub(crate) fn are_used() -> bool {
        NAMES.load(Relaxed)
    }

    /// The innermost name may be unknown here, so the first name is kept.
    pub(crate) fn name(&self, name: &'static str) {
        let _ = self.0.set(name);
    }
}
