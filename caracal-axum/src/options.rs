//! The options that every layer has.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use caracal_metrics_core::Exemplar;
use http::request::Parts;

use crate::families::CUSTOM_LABELS;
use crate::patterns::Patterns;

pub(crate) type LabelValue = Cow<'static, str>;
type LabelOf = dyn Fn(&Parts) -> Option<LabelValue> + Send + Sync;
type ExemplarOf = dyn Fn(&Parts) -> Option<Exemplar> + Send + Sync;

/// The values of the labels of the user, by index.
pub(crate) type CustomValues = [Option<LabelValue>; CUSTOM_LABELS.len()];

/// A label of the user.
#[derive(Clone)]
pub(crate) struct CustomLabel {
    pub(crate) name: &'static str,
    pub(crate) value: Arc<LabelOf>,
}

/// The options that every layer has.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) ignored: Patterns,
    pub(crate) groups: Patterns,
    pub(crate) streams: Patterns,
    pub(crate) labels: Vec<CustomLabel>,
    pub(crate) exemplar: Option<Arc<ExemplarOf>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.labels.iter().map(|label| label.name).collect();
        f.debug_struct("Options")
            .field("ignored", &self.ignored)
            .field("groups", &self.groups)
            .field("streams", &self.streams)
            .field("labels", &labels)
            .field("exemplar", &self.exemplar.is_some())
            .finish()
    }
}

impl Options {
    /// # Panics
    ///
    /// Panics if the layer already has the maximum number of labels, or one with this name.
    pub(crate) fn label(&mut self, name: &'static str, value: Arc<LabelOf>) {
        let most = CUSTOM_LABELS.len();
        assert!(
            self.labels.len() < most,
            "`label` was called for {name:?}, but a layer can have at most {most} labels: remove one",
        );
        assert!(
            self.labels.iter().all(|label| label.name != name),
            "`label` was called twice for {name:?}: remove one of the calls",
        );
        self.labels.push(CustomLabel { name, value });
    }

    /// Returns whether the layer has to do more for a request before the service is called than it does for
    /// every request.
    pub(crate) fn admits(&self) -> bool {
        let patterns = [&self.ignored, &self.groups, &self.streams];
        patterns.iter().any(|patterns| !patterns.is_empty())
            || !self.labels.is_empty()
            || self.exemplar.is_some()
    }
}
