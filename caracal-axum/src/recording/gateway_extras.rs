//! The families of the gateway that are recorded only on request.

use caracal_metrics_core::{FamilyError, MetricsRegistry};

use super::gateway::{Gateway, Methods, UNMATCHED_ROUTE, status};
use super::{Ended, RecordOf};
use crate::families::{
    CUSTOM_LABELS, GATEWAY_REQUEST_BODY_SIZE, GATEWAY_REQUEST_FIRST_BYTE,
    GATEWAY_RESPONSE_BODY_SIZE, GATEWAY_ROUTE_REQUEST_DURATION, GATEWAY_ROUTE_REQUESTS,
    LABELLED_ROUTE_REQUEST_DURATION, LABELLED_ROUTE_REQUESTS, LabelledRouteRequest,
    LabelledRouteRequestTime, RouteRequest, RouteRequestTime, StatusClass,
};

#[inline]
fn labels<'a>(methods: &Methods, ended: &Ended<'a>) -> RouteRequestTime<'a> {
    let route = ended.route.unwrap_or(UNMATCHED_ROUTE);
    RouteRequestTime { route, method: methods.of(ended.method) }
}

/// Requests by route.
pub(crate) fn by_route(metrics: &MetricsRegistry) -> Result<RecordOf<Gateway>, FamilyError> {
    let requests = metrics.family(&GATEWAY_ROUTE_REQUESTS)?;
    let duration = metrics.family(&GATEWAY_ROUTE_REQUEST_DURATION)?;
    let methods = Methods::new();
    Ok(Box::new(move |_, ended| {
        let of_duration @ RouteRequestTime { route, method } = labels(&methods, ended);
        let labels = RouteRequest { route, method, status_class: StatusClass::of(status(ended)) };
        requests.inc_and_observe(labels, &duration, of_duration, ended.duration);
    }))
}

/// Requests by route and by labels with these names.
pub(super) fn labelled(
    metrics: &MetricsRegistry,
    names: &[&'static str],
) -> Result<RecordOf<Gateway>, FamilyError> {
    let names: Vec<_> = CUSTOM_LABELS.into_iter().zip(names.iter().copied()).collect();
    let requests = metrics.family_with_labels(&LABELLED_ROUTE_REQUESTS, &names)?;
    let duration = metrics.family_with_labels(&LABELLED_ROUTE_REQUEST_DURATION, &names)?;
    let methods = Methods::new();
    Ok(Box::new(move |_, ended| {
        let RouteRequestTime { route, method } = labels(&methods, ended);
        let status_class = StatusClass::of(status(ended));
        let [custom_1, custom_2, custom_3] = [0, 1, 2].map(|place| ended.label(place));
        let labels =
            LabelledRouteRequest { route, method, status_class, custom_1, custom_2, custom_3 };
        let of_duration = LabelledRouteRequestTime { route, method, custom_1, custom_2, custom_3 };
        requests.inc_and_observe(labels, &duration, of_duration, ended.duration);
    }))
}

/// The sizes of bodies.
pub(super) fn sizes(metrics: &MetricsRegistry) -> Result<RecordOf<Gateway>, FamilyError> {
    let received = metrics.family(&GATEWAY_REQUEST_BODY_SIZE)?;
    let sent = metrics.family(&GATEWAY_RESPONSE_BODY_SIZE)?;
    let methods = Methods::new();
    Ok(Box::new(move |_, ended| {
        let labels = labels(&methods, ended);
        if let Some(bytes) = ended.received() {
            received.observe(labels, bytes as f64);
        }
        if ended.status.is_some() {
            sent.observe(labels, ended.sent() as f64);
        }
    }))
}

/// The time to the head of the response.
pub(super) fn first_byte(metrics: &MetricsRegistry) -> Result<RecordOf<Gateway>, FamilyError> {
    let first_byte = metrics.family(&GATEWAY_REQUEST_FIRST_BYTE)?;
    let methods = Methods::new();
    Ok(Box::new(move |_, ended| first_byte.observe(labels(&methods, ended), ended.duration)))
}
