//! The families that a layer was asked to record.

use std::fmt;

use caracal_metrics_core::{FamilyError, MetricsRegistry};

use crate::recording::{RecordOf, Recording};

type Make<R> = fn(&MetricsRegistry) -> Result<RecordOf<R>, FamilyError>;
type MakeLabelled<R> = fn(&MetricsRegistry, &[&'static str]) -> Result<RecordOf<R>, FamilyError>;

/// The functions that register the families that a layer was asked to record. A program that asks for none of
/// them does not contain their code.
pub(crate) struct Asked<R: Recording> {
    pub(crate) by_route: Option<Make<R>>,
    /// Replaces `by_route` if the user has added labels.
    pub(crate) labelled: Option<MakeLabelled<R>>,
    pub(crate) sizes: Option<Make<R>>,
    pub(crate) first_byte: Option<Make<R>>,
    pub(crate) grpc: Option<Make<R>>,
}

impl<R: Recording> Default for Asked<R> {
    fn default() -> Self {
        Self { by_route: None, labelled: None, sizes: None, first_byte: None, grpc: None }
    }
}

impl<R: Recording> Clone for Asked<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Recording> Copy for Asked<R> {}

impl<R: Recording> fmt::Debug for Asked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("by_route", &self.by_route.is_some())
            .field("labelled", &self.labelled.is_some())
            .field("body_sizes", &self.sizes.is_some())
            .field("first_byte", &self.first_byte.is_some())
            .field("grpc", &self.grpc.is_some())
            .finish()
    }
}
