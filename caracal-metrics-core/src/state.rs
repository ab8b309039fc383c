//! The families of one registry.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::chosen::{self, Chosen};
use crate::description::{Bounds, Description};
use crate::engine;
use crate::exemplar_source::ExemplarSource;
use crate::family::Family;
use crate::family_error::FamilyError;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, Gauge};
use crate::names::{Clash, NamedFamily, Taken, all_names};
use crate::registry_clock::RegistryClock;
use crate::series::{
    AfterIdle, FamilyStore, HideIdle, InFlight, MakeNative, MakeWatch, NotesOf, Settings, Tally,
    WithNative,
};
use crate::value_limits::{MakeCounts, NO_LIMITS, ValueLimits};

crate::labels! {
    /// The label of the registry's own families that describe its families.
    pub struct AboutFamily<'a> {
        /// The name of the family.
        pub metric: &'a str,
    }
}

/// `metrics_series_limited_total`: updates that were added to an aggregated series or dropped, because the family
/// has reached a limit.
pub static SERIES_LIMITED: Family<Counter, AboutFamily<'_>> = Family::counter(
    "metrics_series_limited_total",
    "Total number of updates that were merged into an aggregated series or dropped \
     because the family reached a limit",
)
.namespaced();

/// `metrics_invalid_values_total`: values that were corrected or ignored.
pub static INVALID_VALUES: Family<Counter, AboutFamily<'_>> = Family::counter(
    "metrics_invalid_values_total",
    "Total number of recorded values that were corrected or dropped",
)
.namespaced();

/// `metrics_collection_errors_total`: collectors and callbacks that failed during a scrape.
pub static COLLECTION_ERRORS: Family<Counter> = Family::counter(
    "metrics_collection_errors_total",
    "Total number of collectors and callbacks that failed during scrapes, and of families \
     that were left out of a page",
)
.namespaced();

/// `metrics_series`: series that count towards the limit of a family. A family without an open label has no
/// limit.
pub static SERIES: Family<Gauge, AboutFamily<'_>> =
    Family::gauge("metrics_series", "Number of series of a family that count towards its limit")
        .namespaced()
        .shown_once_used();

/// `metrics_series_limit`: the limit of the series that count. Above it, updates are merged.
pub static SERIES_LIMIT: Family<Gauge, AboutFamily<'_>> = Family::gauge(
    "metrics_series_limit",
    "Number of series that a family can have before updates with new label values are merged",
)
.namespaced()
.shown_once_used();

/// `metrics_native_limited_total`: how often a limit kept native buckets from the requested resolution.
pub static NATIVE_LIMITED: Family<Counter, AboutFamily<'_>> = Family::counter(
    "metrics_native_limited_total",
    "Total number of times that native buckets of a series were merged or left out because of a limit",
)
.namespaced()
.shown_once_used();

/// The families in which a registry describes itself.
pub static REGISTRY_FAMILIES: [&FamilySpec; 6] = [
    SERIES_LIMITED.spec(),
    INVALID_VALUES.spec(),
    COLLECTION_ERRORS.spec(),
    SERIES.spec(),
    SERIES_LIMIT.spec(),
    NATIVE_LIMITED.spec(),
];

/// The settings that apply to all families of a registry.
#[derive(Clone, Debug)]
pub(crate) struct RegistrySettings {
    pub(crate) namespace: String,
    pub(crate) const_labels: Arc<[(String, String)]>,
    /// The labels that the attached registry adds to every series that it gathers.
    pub(crate) registry_labels: Arc<[(String, String)]>,
    pub(crate) max_series_per_family: usize,
    /// The limits of individual families.
    pub(crate) max_series: Option<Arc<Chosen<usize>>>,
    /// The buckets of individual families.
    pub(crate) buckets: Option<Arc<Chosen<Bounds>>>,
    /// The maximum length of a label value, in bytes.
    pub(crate) value_bytes: usize,
    pub(crate) aggregate: Vec<String>,
    /// Returns the notes of when series began, if this is shown.
    pub(crate) created: Option<NotesOf>,
    pub(crate) created_lines: bool,
    pub(crate) only_used: bool,
    pub(crate) clock: RegistryClock,
    /// The limits of individual labels: the name of the family on the page, the index of the label, and the
    /// limit. If a label has several limits, the last one applies.
    pub(crate) max_values: Vec<(String, (usize, usize))>,
    /// The code that counts the values of these labels.
    pub(crate) count_values: Option<MakeCounts>,
    /// The idle times after which series are hidden.
    pub(crate) hide_idle: Option<Arc<Chosen<AfterIdle>>>,
    pub(crate) exemplar_source: Option<ExemplarSource>,
    /// The histograms with native buckets.
    pub(crate) native: Option<Arc<Chosen<WithNative>>>,
}

/// The families of a registry, and the names that they reserve.
#[derive(Debug, Default)]
pub(crate) struct Families {
    /// Sorted by name.
    pub(crate) stores: Vec<Arc<FamilyStore>>,
    pub(crate) taken: Taken,
}

impl Families {
    /// Returns the family with this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<FamilyStore>> {
        let place = self.stores.binary_search_by(|store| store.name().cmp(name)).ok()?;
        Some(&self.stores[place])
    }

    /// Returns the family with this description, or an error if its name is already used differently, or `None`
    /// if the name is free.
    fn registered(
        &self,
        description: &Description,
    ) -> Option<Result<Arc<FamilyStore>, FamilyError>> {
        let registered = self.find(&description.name)?;
        Some(match registered.description.difference(description) {
            None => {
                registered.ask_for();
                Ok(Arc::clone(registered))
            }
            Some((registered, given)) => {
                let name = description.name.clone();
                Err(FamilyError::DifferentDescription { name, registered, given })
            }
        })
    }

    /// Returns the names and types.
    pub(crate) fn named(&self) -> Vec<NamedFamily> {
        let named = |store: &Arc<FamilyStore>| NamedFamily {
            name: store.name().to_owned(),
            kind: Some(store.kind().as_str()),
        };
        self.stores.iter().map(named).collect()
    }

    /// Returns the names that are reserved when this family is added.
    fn taken_with(&self, family: &Description) -> Result<Taken, Clash> {
        let mut taken = self.taken.clone();
        taken.take(&family.name, &all_names(&family.name, family.kind.as_str()))?;
        Ok(taken)
    }

    /// Returns these families and one more. `taken` contains the names of all of them.
    fn with(&self, store: Arc<FamilyStore>, taken: Taken) -> Self {
        let mut stores = self.stores.clone();
        let place = stores.partition_point(|other| other.name() < store.name());
        stores.insert(place, store);
        Self { stores, taken }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    settings: RegistrySettings,
    /// A page that is being written keeps the list with which it started.
    families: RwLock<Arc<Families>>,
    /// Only one registration runs at a time, except those of families that are declared at run time.
    registering: Mutex<()>,
    limited: Arc<FamilyStore>,
    invalid: Arc<FamilyStore>,
    errors: Arc<FamilyStore>,
    series: Arc<FamilyStore>,
    series_limit: Arc<FamilyStore>,
    native_limited: Arc<FamilyStore>,
}

impl State {
    /// Creates the state with the registry's own families.
    pub(crate) fn new(settings: RegistrySettings) -> Self {
        let own = |spec: &'static FamilySpec| {
            let description = Description::of(spec, &settings.namespace, None);
            FamilyStore::new(
                description,
                Settings {
                    // The limit is the number of families.
                    limit: usize::MAX,
                    value_bytes: usize::MAX,
                    aggregate: Vec::new(),
                    created: settings.created,
                    created_lines: settings.created_lines,
                    shown_once_used: spec.shown_once_used
                        || (settings.only_used && !spec.labels.is_empty()),
                    tallies_from_zero: false,
                    const_labels: Arc::clone(&settings.const_labels),
                    registry_labels: Arc::clone(&settings.registry_labels),
                    exemplar_source: None,
                    hide_idle: None,
                    value_limits: None,
                    native: None,
                    native_limited: Tally::default(),
                    folded: Tally::default(),
                    invalid: Tally::default(),
                },
            )
        };
        let [limited, invalid, errors, series, series_limit, native_limited] =
            REGISTRY_FAMILIES.map(own);
        let mut families = Families::default();
        for store in [&limited, &invalid, &errors, &series, &series_limit, &native_limited] {
            let taken = families.taken_with(&store.description);
            let Ok(taken) = taken else {
                unreachable!("the registry's own families have different names")
            };
            families = families.with(Arc::clone(store), taken);
        }
        Self {
            families: RwLock::new(families.into()),
            registering: Mutex::default(),
            settings,
            limited,
            invalid,
            errors,
            series,
            series_limit,
            native_limited,
        }
    }

    pub(crate) fn settings(&self) -> &RegistrySettings {
        &self.settings
    }

    pub(crate) fn families(&self) -> Arc<Families> {
        Arc::clone(&self.families.read())
    }

    /// Returns the gauges that count guards, for a new page.
    pub(crate) fn in_flight(&self) -> InFlight {
        InFlight::of(&self.families().stores)
    }

    /// Returns the description that a family would have in this registry.
    pub(crate) fn describe(&self, spec: &FamilySpec) -> Description {
        let name = spec.exposed_name(&self.settings.namespace);
        let namespace = &self.settings.namespace;
        let buckets = chosen::of_family(self.settings.buckets.as_deref(), namespace, &name, None);
        // Buckets for a family with this name but another type do not apply.
        let buckets = buckets.filter(|buckets| buckets.are_of(spec.kind));
        Description::of(spec, namespace, buckets)
    }

    /// Runs `f` with the families. No family is registered during this time.
    pub(crate) fn while_none_is_registered<R>(&self, f: impl FnOnce(&Families) -> R) -> R {
        let _registering = self.registering.lock();
        f(&self.families())
    }

    /// Registers a family, if it is not registered yet, and renames some of its labels. `reserve` is called
    /// before anything is changed, and can refuse.
    pub(crate) fn register(
        &self,
        spec: &FamilySpec,
        names: &[(&str, &'static str)],
        reserve: &dyn Fn(&Description) -> Result<(), FamilyError>,
    ) -> Result<Arc<FamilyStore>, FamilyError> {
        let mut description = self.describe(spec);
        description.rename_labels(names);
        // This comes before the lock, because `reserve` may wait for a collector that does not return.
        if let Some(registered) = self.families().registered(&description) {
            return registered;
        }
        let _registering = self.registering.lock();
        let families = self.families();
        if let Some(registered) = families.registered(&description) {
            return registered;
        }
        self.check(&families, &description)?;
        reserve(&description)?;
        self.join(self.store(description, Some(spec)))
    }

    /// Registers a family in which each series has its own labels, if it is not registered yet. This does not
    /// wait for code of the user, so it can be called while recording.
    pub(crate) fn register_at_run_time(
        &self,
        description: Description,
    ) -> Result<Arc<FamilyStore>, FamilyError> {
        let families = self.families();
        if let Some(registered) = families.registered(&description) {
            return registered;
        }
        self.check(&families, &description)?;
        self.join(self.store(description, None))
    }

    /// Adds a family to the current families.
    fn join(&self, store: Arc<FamilyStore>) -> Result<Arc<FamilyStore>, FamilyError> {
        loop {
            let families = self.families();
            if let Some(registered) = families.registered(&store.description) {
                return registered;
            }
            let taken = self.check(&families, &store.description)?;
            let joined = Arc::new(families.with(Arc::clone(&store), taken));
            let mut current = self.families.write();
            // Otherwise, another family was added in the meantime.
            if Arc::ptr_eq(&current, &families) {
                *current = joined;
                return Ok(store);
            }
        }
    }

    /// Checks whether a family can be added, and returns the names that are then reserved.
    fn check(&self, families: &Families, description: &Description) -> Result<Taken, FamilyError> {
        let settings = &self.settings;
        description.check(&[&settings.const_labels, &settings.registry_labels])?;
        if description.kind.is_gauge()
            && let Some(label) = description.aggregated_label(&settings.aggregate)
        {
            let (name, label) = (description.name.clone(), label.to_owned());
            return Err(FamilyError::AggregatedGauge { name, label });
        }
        families.taken_with(description).map_err(|clash| match clash {
            Clash::Name { name, other, shared } => {
                FamilyError::NameCollision { name, other, sample: shared }
            }
            Clash::Type { name, kind, other } => FamilyError::DifferentDescription {
                name,
                registered: other.to_owned(),
                given: kind.to_owned(),
            },
        })
    }

    /// Returns how idle series of a family are hidden.
    fn hide_idle(&self, spec: Option<&FamilySpec>, name: &str) -> Option<HideIdle> {
        let settings = &self.settings;
        let of_spec = || {
            let time = spec?.hide_idle?;
            let watch = *(time.watch)().downcast::<MakeWatch>().ok()?;
            Some(AfterIdle { after: time.after, watch })
        };
        let chosen = settings.hide_idle.as_deref();
        let idle = chosen::of_family(chosen, &settings.namespace, name, of_spec())?;
        Some(HideIdle { idle, clock: settings.clock.clone() })
    }

    /// Returns the native buckets of a family.
    fn native(&self, spec: Option<&FamilySpec>, name: &str) -> Option<WithNative> {
        let settings = &self.settings;
        let of_spec = || {
            let native = spec?.native?;
            let make = *(native.make)().downcast::<MakeNative>().ok()?;
            Some(WithNative { resolution: native.resolution, make })
        };
        let chosen = settings.native.as_deref();
        chosen::of_family(chosen, &settings.namespace, name, of_spec())
    }

    /// Returns the limits of the values of labels of a family: the builder's for a label, or else the family's.
    fn value_limits(&self, spec: Option<&FamilySpec>, name: &str) -> Option<ValueLimits> {
        let mut limits = spec.and_then(|spec| spec.value_limits);
        let make = self.settings.count_values;
        for (_, (label, limit)) in self.settings.max_values.iter().filter(|(it, _)| it == name) {
            limits = limits.or_else(|| Some(ValueLimits { limits: NO_LIMITS, make: make? }));
            if let Some(limits) = &mut limits {
                limits.limits[*label] = Some(*limit);
            }
        }
        limits
    }

    /// Creates the store of a family. A family that is declared at run time has no `spec`.
    fn store(&self, description: Description, spec: Option<&FamilySpec>) -> Arc<FamilyStore> {
        let settings = &self.settings;
        let about = |counter: &Arc<FamilyStore>| {
            let (counter, metric) = (Arc::clone(counter), description.name.clone());
            Tally::new(move || counter.resolve_set(&AboutFamily { metric: &metric }).cell)
        };
        let chosen = settings.max_series.as_deref();
        let limit = chosen::of_family(chosen, &settings.namespace, &description.name, None);
        let hide_idle = self.hide_idle(spec, &description.name);
        let value_limits = self.value_limits(spec, &description.name);
        let of_store = Settings {
            limit: limit.unwrap_or(settings.max_series_per_family),
            value_bytes: settings.value_bytes,
            aggregate: settings.aggregate.clone(),
            created: settings.created,
            created_lines: settings.created_lines,
            // A service's own family is in use from the moment it is registered.
            shown_once_used: spec
                .is_none_or(|spec| spec.shown_once_used || (settings.only_used && spec.namespaced)),
            // Adapters have many optional families, and each of them would add one or two series.
            tallies_from_zero: spec.is_some_and(|spec| !spec.shown_once_used),
            const_labels: Arc::clone(&settings.const_labels),
            registry_labels: Arc::clone(&settings.registry_labels),
            exemplar_source: settings.exemplar_source.clone(),
            hide_idle,
            value_limits,
            native: self.native(spec, &description.name),
            native_limited: about(&self.native_limited),
            folded: about(&self.limited),
            invalid: about(&self.invalid),
        };
        FamilyStore::new(description, of_store)
    }

    /// Sets the gauges that show how full families are, for a new page.
    pub(crate) fn count_series(&self) {
        for store in &self.families().stores {
            let counted = store.series();
            if let Some(limit) = store.bound()
                && (counted > 0 || self.series.has_set(&AboutFamily { metric: store.name() }))
            {
                let of_family = AboutFamily { metric: store.name() };
                let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
                engine::set(self.series.cell_of_set(&of_family), number(counted));
                engine::set(self.series_limit.cell_of_set(&of_family), number(limit));
            }
        }
    }

    /// Counts a collector or a callback that failed during a scrape.
    #[cold]
    pub(crate) fn count_collection_error(&self) {
        engine::add(self.errors.cell_of_set(&()), 1);
    }
}
