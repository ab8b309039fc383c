//! The families of one registry.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::description::{Bounds, Description, exposed_name};
use crate::engine;
use crate::family::{Family, FamilySpec};
use crate::family_error::FamilyError;
use crate::kinds::Counter;
use crate::names::{Claimed, claimed_names};
use crate::series::{FamilyStore, Settings, Tally};

crate::labels! {
    /// The label of what a registry counts about its families.
    pub struct AboutFamily<'a> {
        /// The name of the family.
        pub metric: &'a str,
    }
}

/// `metrics_series_limited_total`: records that went to the aggregated series of a family, because
/// the family had as many series as it may.
pub static SERIES_LIMITED: Family<Counter, AboutFamily<'_>> = Family::counter(
    "metrics_series_limited_total",
    "Total number of records folded into an aggregated series because the family is full",
)
.namespaced();

/// `metrics_invalid_values_total`: values that were corrected or set aside.
pub static INVALID_VALUES: Family<Counter, AboutFamily<'_>> = Family::counter(
    "metrics_invalid_values_total",
    "Total number of recorded values that were corrected or set aside",
)
.namespaced();

/// `metrics_collection_errors_total`: collectors and callbacks that failed during a scrape.
pub static COLLECTION_ERRORS: Family<Counter> = Family::counter(
    "metrics_collection_errors_total",
    "Total number of collectors and callbacks that failed during a scrape",
)
.namespaced();

/// What a registry says about itself.
pub static REGISTRY_FAMILIES: [&FamilySpec; 3] =
    [SERIES_LIMITED.spec(), INVALID_VALUES.spec(), COLLECTION_ERRORS.spec()];

/// Settings that hold for all families of a registry.
#[derive(Clone, Debug)]
pub(crate) struct RegistrySettings {
    pub(crate) namespace: String,
    pub(crate) const_labels: Arc<[(String, String)]>,
    pub(crate) max_series_per_family: usize,
    /// Limits of single families, by their names on the page.
    pub(crate) max_series: HashMap<String, usize>,
    /// Buckets of single families, by their names on the page.
    pub(crate) buckets: HashMap<String, Bounds>,
    pub(crate) aggregate: Vec<String>,
    pub(crate) created: bool,
    pub(crate) only_used: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    settings: RegistrySettings,
    /// Sorted by name. A page that is being written keeps the list that it began with.
    families: RwLock<Arc<[Arc<FamilyStore>]>>,
    /// One registration at a time.
    registering: Mutex<()>,
    limited: Arc<FamilyStore>,
    invalid: Arc<FamilyStore>,
    errors: Arc<FamilyStore>,
}

impl State {
    /// The families that a registry has from the start: its own.
    pub(crate) fn new(settings: RegistrySettings) -> Self {
        let own = |spec: &'static FamilySpec| {
            let description = Description::of(spec, &settings.namespace, None);
            Arc::new(FamilyStore::new(
                description,
                Settings {
                    // As many as there are families.
                    limit: usize::MAX,
                    aggregate: Vec::new(),
                    created: settings.created,
                    shown_once_used: settings.only_used,
                    const_labels: Arc::clone(&settings.const_labels),
                    folded: Tally::default(),
                    invalid: Tally::default(),
                },
            ))
        };
        let [limited, invalid, errors] = REGISTRY_FAMILIES.map(own);
        let mut families = [&limited, &invalid, &errors].map(Arc::clone);
        families.sort_by(|a, b| a.name().cmp(b.name()));
        Self {
            families: RwLock::new(families.into()),
            registering: Mutex::default(),
            settings,
            limited,
            invalid,
            errors,
        }
    }

    pub(crate) fn settings(&self) -> &RegistrySettings {
        &self.settings
    }

    /// Every family, sorted by name.
    pub(crate) fn families(&self) -> Arc<[Arc<FamilyStore>]> {
        Arc::clone(&self.families.read())
    }

    /// Registers a family, unless it is registered. `reserve` is asked before anything is changed,
    /// and may refuse.
    pub(crate) fn register(
        &self,
        spec: &FamilySpec,
        reserve: impl FnOnce(&Description) -> Result<(), FamilyError>,
    ) -> Result<Arc<FamilyStore>, FamilyError> {
        let name = exposed_name(spec, &self.settings.namespace);
        let buckets = self.settings.buckets.get(&name).cloned();
        let description = Description::of(spec, &self.settings.namespace, buckets);
        let _registering = self.registering.lock();
        let families = self.families();
        if let Ok(place) = families.binary_search_by(|store| store.name().cmp(&name)) {
            let registered = &families[place];
            return match registered.description.difference(&description) {
                None => Ok(Arc::clone(registered)),
                Some((registered, given)) => {
                    Err(FamilyError::DifferentDescription { name, registered, given })
                }
            };
        }
        description.check(&self.settings.const_labels)?;
        self.check_collisions(&families, &description)?;
        reserve(&description)?;
        let store = Arc::new(self.store(description, spec.shown_once_used));
        let mut with_new: Vec<_> = families.iter().cloned().chain([Arc::clone(&store)]).collect();
        with_new.sort_by(|a, b| a.name().cmp(b.name()));
        *self.families.write() = with_new.into();
        Ok(store)
    }

    fn check_collisions(
        &self,
        families: &[Arc<FamilyStore>],
        description: &Description,
    ) -> Result<(), FamilyError> {
        let kind = description.kind.as_str();
        let claimed: Vec<String> = claimed_names(&description.name, kind);
        for store in families {
            let (other, other_kind) = (store.name(), store.kind().as_str());
            let theirs = claimed_names(other, other_kind);
            if let Some(sample) = claimed.iter().find(|name| theirs.contains(name)) {
                return Err(FamilyError::NameCollision {
                    name: description.name.clone(),
                    kind,
                    other: other.to_owned(),
                    other_kind,
                    sample: sample.clone(),
                });
            }
        }
        Ok(())
    }

    fn store(&self, description: Description, shown_once_used: bool) -> FamilyStore {
        let settings = &self.settings;
        let about = |counter: &Arc<FamilyStore>| {
            let (counter, metric) = (Arc::clone(counter), description.name.clone());
            Tally::new(move || counter.resolve_set(&AboutFamily { metric: &metric }).0)
        };
        let limit = settings.max_series.get(&description.name);
        let of_store = Settings {
            limit: limit.copied().unwrap_or(settings.max_series_per_family),
            aggregate: settings.aggregate.clone(),
            created: settings.created,
            shown_once_used: shown_once_used || (settings.only_used && is_namespaced),
            const_labels: Arc::clone(&settings.const_labels),
            folded: about(&self.limited),
            invalid: about(&self.invalid),
        };
        FamilyStore::new(description, of_store)
    }

    /// Counts a collector or a callback that failed during a scrape.
    #[cold]
    pub(crate) fn count_collection_error(&self) {
        engine::add(self.errors.cell_of_set(&()), 1);
    }
}
