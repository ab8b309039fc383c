//! The state that all services of one layer share.

use std::fmt;

use caracal_metrics_core::{FamilyError, MetricsRegistry};

use crate::asked::Asked;
use crate::options::Options;
use crate::recording::{RecordOf, Recording, Streams};

/// The state that all services of one layer share.
pub(crate) struct Shared<R: Recording> {
    pub(crate) recording: R,
    pub(crate) options: Options,
    pub(crate) by_route: Option<RecordOf<R>>,
    pub(crate) sizes: Option<RecordOf<R>>,
    pub(crate) first_byte: Option<RecordOf<R>>,
    pub(crate) grpc: Option<RecordOf<R>>,
    pub(crate) streams: Box<dyn Streams>,
    /// Whether the layer has to do more with a request than count it before it calls the service.
    pub(crate) admits: bool,
    /// Whether there is more to record at the end of an exchange than what [`recording`](Self::recording)
    /// records.
    pub(crate) records_more: bool,
    /// Whether the route of a request is read.
    pub(crate) knows_route: bool,
}

impl<R: Recording> fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (recording, options) = (&self.recording, &self.options);
        f.debug_struct("Shared")
            .field("recording", recording)
            .field("options", options)
            .finish_non_exhaustive()
    }
}

impl<R: Recording> Shared<R> {
    pub(crate) fn new(
        metrics: &MetricsRegistry,
        settings: &R::Settings,
        options: &Options,
        asked: Asked<R>,
    ) -> Result<Self, FamilyError> {
        let names: Vec<_> = options.labels.iter().map(|label| label.name).collect();
        let recording = R::new(metrics, settings, !names.is_empty())?;
        let by_route = match (asked.labelled, asked.by_route) {
            (Some(make), _) => Some(make(metrics, &names)?),
            (None, Some(make)) => Some(make(metrics)?),
            (None, None) => None,
        };
        let sizes = asked.sizes.map(|make| make(metrics)).transpose()?;
        let first_byte = asked.first_byte.map(|make| make(metrics)).transpose()?;
        let grpc = asked.grpc.map(|make| make(metrics)).transpose()?;
        let admits = options.admits() || sizes.is_some() || grpc.is_some();
        Ok(Self {
            streams: R::streams(metrics)?,
            admits: admits || recording.reads_requests(),
            knows_route: R::BY_ROUTE
                || by_route.is_some()
                || sizes.is_some()
                || first_byte.is_some(),
            records_more: by_route.is_some() || sizes.is_some() || grpc.is_some(),
            by_route,
            sizes,
            first_byte,
            grpc,
            options: options.clone(),
            recording,
        })
    }
}
