//! What only some options need of an exchange.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use caracal_metrics_core::Exemplar;
use http::{Extensions, StatusCode};

use crate::grpc::GrpcCall;
use crate::options::CustomValues;

/// What only some options need of an exchange: in a place of its own, so that an exchange without
/// them stays small.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) named: Option<Named>,
    pub(crate) labels: CustomValues,
    /// One that the user has given, and that is more than the id of a trace.
    pub(crate) exemplar: Option<Exemplar>,
    /// Bytes of the request's body that the service has read, where they can be counted.
    pub(crate) received: Option<Received>,
    /// Bytes of the response's body that the server has taken.
    pub(crate) sent: u64,
    pub(crate) grpc: Option<GrpcCall>,
}

impl Extras {
    /// With a slot among the extensions of a request that axum matched no route for.
    #[inline(never)]
    pub(crate) fn with_slot(extensions: &mut Extensions) -> Self {
        // Another layer of ours around this one has put one there.
        let slot = extensions.get::<RouteSlot>().cloned().unwrap_or_else(|| {
            let slot = RouteSlot::default();
            extensions.insert(slot.clone());
            slot
        });
        Self { named: Some(Named::Mounted(slot)), ..Self::default() }
    }
}

/// Where the name of a route comes from that axum did not match, or that has another name.
#[derive(Debug)]
pub(crate) enum Named {
    /// A pattern of the layer's.
    Group {
        name: Arc<str>,
        /// Whether axum matched a route.
        matched: bool,
    },
    /// A [`RouteName`](crate::RouteName) that the request passes, if it does.
    Mounted(RouteSlot),
}

impl Named {
    /// What axum did not match and what was not found is a scanner's.
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
    /// What the wrapped body has given so far.
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

/// Where a [`RouteName`](crate::RouteName) puts its name: an extension of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteSlot(Arc<OnceLock<&'static str>>);

/// Whether there has been a [`RouteName`](crate::RouteName): without one, no request carries a slot.
static NAMES: AtomicBool = AtomicBool::new(false);

impl RouteSlot {
    /// From now on, requests carry slots.
    pub(crate) fn begin() {
        NAMES.store(true, Relaxed);
    }

    pub(crate) fn are_used() -> bool {
        NAMES.load(Relaxed)
    }

    /// The innermost name is not known, so the first one stays.
    pub(crate) fn name(&self, name: &'static str) {
        let _ = self.0.set(name);
    }
}
