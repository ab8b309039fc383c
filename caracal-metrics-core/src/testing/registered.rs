//! Parts of the registry that a snapshot keeps for tests, in addition to what a page shows.

use std::sync::Arc;

use crate::series::{FamilyStore, cut};
use crate::state::State;

/// A label that a family declares.
#[derive(Clone, Debug)]
pub(crate) struct RegisteredLabel {
    pub(super) name: String,
    /// Whether a series can leave it out.
    pub(super) is_optional: bool,
    /// Whether its value is always [`AGGREGATED`](crate::AGGREGATED).
    pub(super) is_aggregated: bool,
}

/// The registered families, whether or not a page shows them.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(super) families: Vec<(String, Vec<RegisteredLabel>)>,
    /// The maximum length of a label value, in bytes.
    pub(super) value_bytes: usize,
}

impl Default for Registered {
    fn default() -> Self {
        Self { families: Vec::new(), value_bytes: cut::DEFAULT_LIMIT }
    }
}

impl Registered {
    pub(crate) fn of(state: &State) -> Self {
        let settings = state.settings();
        let families = state.families();
        // A family in which each series has its own labels declares none.
        let declared = |store: &&Arc<FamilyStore>| store.description.series_labels.is_none();
        let families = families.stores.iter().filter(declared).map(|store| {
            let labels = store.description.labels.iter().map(|label| RegisteredLabel {
                name: label.name.to_owned(),
                is_optional: label.is_optional(),
                is_aggregated: label.values.is_open()
                    && settings.aggregate.iter().any(|name| name == label.name),
            });
            (store.name().to_owned(), labels.collect())
        });
        Self { families: families.collect(), value_bytes: settings.value_bytes }
    }

    pub(super) fn labels(&self, family: &str) -> Option<&[RegisteredLabel]> {
        let found = self.families.iter().find(|(name, _)| name == family);
        found.map(|(_, labels)| labels.as_slice())
    }
}
