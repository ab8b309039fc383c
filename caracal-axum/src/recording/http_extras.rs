//! The families of [`HttpMetricsLayer`](crate::HttpMetricsLayer) that are recorded only on request.

use caracal_metrics_core::{FamilyError, MetricsRegistry};

use super::RecordOf;
use super::http::{Http, labels};
use crate::families::{
    CUSTOM_LABELS, HTTP_SERVER_FIRST_BYTE, HTTP_SERVER_REQUEST_BODY_SIZE,
    HTTP_SERVER_RESPONSE_BODY_SIZE, LABELLED_HTTP_REQUEST_DURATION, LabelledHttpRequest,
    ResponseHead, SentStatus,
};

/// The duration of requests, with labels of these names.
pub(super) fn labelled(
    metrics: &MetricsRegistry,
    names: &[&'static str],
) -> Result<RecordOf<Http>, FamilyError> {
    let names: Vec<_> = CUSTOM_LABELS.into_iter().zip(names.iter().copied()).collect();
    let duration = metrics.family_with_labels(&LABELLED_HTTP_REQUEST_DURATION, &names)?;
    Ok(Box::new(move |url_scheme, ended| {
        let labels = labels(*url_scheme, ended);
        let [custom_1, custom_2, custom_3] = [0, 1, 2].map(|place| ended.label(place));
        let labels = LabelledHttpRequest {
            http_request_method: labels.http_request_method,
            http_response_status_code: labels.http_response_status_code,
            http_route: labels.http_route,
            url_scheme: labels.url_scheme,
            error_type: labels.error_type,
            custom_1,
            custom_2,
            custom_3,
        };
        match ended.exemplar {
            Some(exemplar) => duration.observe_with_exemplar(labels, ended.duration, exemplar),
            None => duration.observe(labels, ended.duration),
        }
    }))
}

/// The sizes of bodies.
pub(super) fn sizes(metrics: &MetricsRegistry) -> Result<RecordOf<Http>, FamilyError> {
    let received = metrics.family(&HTTP_SERVER_REQUEST_BODY_SIZE)?;
    let sent = metrics.family(&HTTP_SERVER_RESPONSE_BODY_SIZE)?;
    Ok(Box::new(move |url_scheme, ended| {
        let labels = labels(*url_scheme, ended);
        if let Some(bytes) = ended.received() {
            received.observe(labels, bytes as f64);
        }
        if ended.status.is_some() {
            sent.observe(labels, ended.sent() as f64);
        }
    }))
}

/// The time to the head of the response.
pub(super) fn first_byte(metrics: &MetricsRegistry) -> Result<RecordOf<Http>, FamilyError> {
    let first_byte = metrics.family(&HTTP_SERVER_FIRST_BYTE)?;
    Ok(Box::new(move |_, ended| {
        let labels = ResponseHead {
            http_request_method: ended.method,
            http_response_status_code: ended.status.map_or(SentStatus::NONE, SentStatus::new),
            http_route: ended.route,
        };
        first_byte.observe(labels, ended.duration);
    }))
}
