//! What all services made by one layer share.

use caracal_metrics_core::{FamilyError, MetricsRegistry};

use crate::recording::Recording;

/// What all services made by one layer share.
#[derive(Debug)]
pub(crate) struct Shared<R> {
    pub(crate) recording: R,
}

impl<R: Recording> Shared<R> {
    pub(crate) fn new(
        metrics: &MetricsRegistry,
        settings: &R::Settings,
    ) -> Result<Self, FamilyError> {
        Ok(Self { recording: R::new(metrics, settings)? })
    }
}
