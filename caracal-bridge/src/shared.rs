//! The metrics of a recorder, by their names.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::adapter::RuntimeMetric;
use caracal_metrics_core::{Counter, FamilyError, FloatGauge, Histogram, Metric, MetricsRegistry};
use metrics::{Key, Unit};
use parking_lot::{Mutex, RwLock};

use crate::buckets::BucketRules;
use crate::families::{FACADE_REFUSED_RECORDS, Reason, Refused};
use crate::handles::SetAside;
use crate::instrument::Instrument;
use crate::labels;
use crate::names;
use crate::recent;
use crate::refusal::Refusal;

/// The maximum length of a name in bytes.
const MAX_NAME_BYTES: usize = 256;

type ByName<T> = HashMap<String, T, foldhash::fast::RandomState>;

/// The metrics of one kind.
pub(crate) struct Metrics<I>(RwLock<ByName<Arc<Known<I>>>>);

/// A metric whose name has occurred.
struct Known<I> {
    /// `None` if its records are refused.
    metric: Option<RuntimeMetric<I>>,
    /// Whether a refused label set of the metric was reported.
    reported: AtomicBool,
}

/// The description that a library gave for a metric.
struct Described {
    unit: Option<Unit>,
    help: String,
}

pub(crate) struct Shared {
    number: u64,
    registry: MetricsRegistry,
    pub(crate) buckets: BucketRules,
    max_metrics: usize,
    pub(crate) counters: Metrics<Counter>,
    pub(crate) gauges: Metrics<FloatGauge>,
    pub(crate) histograms: Metrics<Histogram>,
    /// The number of names of all kinds. It is locked while a name is learned: otherwise, a thread could find
    /// that another thread has taken the last place for the same name, and refuse its records from then on.
    names: Mutex<usize>,
    limit_reported: AtomicBool,
    long_reported: AtomicBool,
    described: Mutex<ByName<Described>>,
    refused: Metric<Counter, Refused<'static>>,
    refusals: Mutex<Vec<Refusal>>,
}

impl<I> Default for Metrics<I> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// A handle, and whether the thread may keep it.
struct Made<I: Instrument> {
    handle: I::Handle,
    is_for_keeps: bool,
}

impl Shared {
    pub(crate) fn new(
        registry: MetricsRegistry,
        buckets: BucketRules,
        max_metrics: usize,
    ) -> Result<Self, FamilyError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Ok(Self {
            number: NEXT.fetch_add(1, Relaxed),
            refused: registry.family(&FACADE_REFUSED_RECORDS)?,
            registry,
            buckets,
            max_metrics,
            counters: Metrics::default(),
            gauges: Metrics::default(),
            histograms: Metrics::default(),
            names: Mutex::default(),
            limit_reported: AtomicBool::new(false),
            long_reported: AtomicBool::new(false),
            described: Mutex::default(),
            refusals: Mutex::default(),
        })
    }

    pub(crate) fn registry(&self) -> &MetricsRegistry {
        &self.registry
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.refusals.lock().clone()
    }

    /// Returns the handle of a key.
    #[inline]
    pub(crate) fn handle<I: Instrument>(&self, key: &Key) -> I::Handle {
        match recent::recall::<I>(self.number, key) {
            Some(handle) => handle,
            None => self.handle_anew::<I>(key),
        }
    }

    #[inline(never)]
    fn handle_anew<I: Instrument>(&self, key: &Key) -> I::Handle {
        match self.make::<I>(key) {
            Ok(Made { handle, is_for_keeps }) => {
                if is_for_keeps {
                    recent::keep::<I>(self.number, key, &handle);
                }
                handle
            }
            Err(refused) => {
                let handle = self.set_aside::<I>(refused, key);
                recent::keep::<I>(self.number, key, &handle);
                handle
            }
        }
    }

    fn make<I: Instrument>(&self, key: &Key) -> Result<Made<I>, Reason> {
        let known = I::metrics(self).0.read().get(key.name()).map(Arc::clone);
        let known = match known {
            Some(known) => known,
            None => self.learn::<I>(key.name())?,
        };
        let metric = known.metric.as_ref().ok_or(Reason::Name)?;
        // If the thread kept the handle, the series would never be idle.
        let is_for_keeps = !metric.hides_idle_series();
        let made = |series| Made { handle: I::recording(series), is_for_keeps };
        labels::series(metric, key).map(made).map_err(|error| {
            if !known.reported.swap(true, Relaxed) {
                let metric = key.name().to_owned();
                self.report(Refusal::Labels { metric, instrument: I::NOUN, error });
            }
            Reason::Labels
        })
    }

    /// Handles a name that occurs for the first time.
    #[cold]
    fn learn<I: Instrument>(&self, name: &str) -> Result<Arc<Known<I>>, Reason> {
        if name.len() > MAX_NAME_BYTES {
            if !self.long_reported.swap(true, Relaxed) {
                let beginning = name.chars().take(32).collect();
                let (bytes, most) = (name.len(), MAX_NAME_BYTES);
                self.report(Refusal::LongName { beginning, instrument: I::NOUN, bytes, most });
            }
            return Err(Reason::Name);
        }
        let mut names = self.names.lock();
        if let Some(known) = I::metrics(self).0.read().get(name) {
            // Another thread was faster.
            return Ok(Arc::clone(known));
        }
        let most = self.max_metrics;
        if *names >= most {
            if !self.limit_reported.swap(true, Relaxed) {
                self.report(Refusal::Limit { metric: name.to_owned(), instrument: I::NOUN, most });
            }
            return Err(Reason::Limit);
        }
        *names += 1;
        let registered = self.register::<I>(name);
        let refused = registered.as_ref().err().cloned();
        let metric = registered.ok();
        let known = Arc::new(Known { metric, reported: AtomicBool::new(false) });
        I::metrics(self).0.write().insert(name.to_owned(), Arc::clone(&known));
        drop(names);
        if let Some(error) = refused {
            let metric = name.to_owned();
            self.report(Refusal::Name { metric, instrument: I::NOUN, error });
        }
        // A description may have come after the registration.
        self.apply(name, &known);
        Ok(known)
    }

    fn register<I: Instrument>(&self, name: &str) -> Result<RuntimeMetric<I>, FamilyError> {
        let unit = self.described.lock().get(name).and_then(|described| described.unit);
        let unit = unit.and_then(names::suffix);
        let exposed = names::exposed(name, unit, I::IS_COUNTER);
        let help = format!("{name:?}, recorded through the metrics facade");
        let mut family = I::declare(self, name, &exposed, help);
        if let Some(unit) = names::declared(&exposed, unit, I::IS_COUNTER) {
            family = family.unit(unit);
        }
        self.registry.runtime_family(family)
    }

    /// Keeps the first description of a metric.
    pub(crate) fn describe(&self, name: &str, unit: Option<Unit>, help: &str) {
        {
            let mut described = self.described.lock();
            let is_full = described.len() >= self.max_metrics || name.len() > MAX_NAME_BYTES;
            if is_full || described.contains_key(name) {
                return;
            }
            described.insert(name.to_owned(), Described { unit, help: help.to_owned() });
        }
        self.apply_to::<Counter>(name);
        self.apply_to::<FloatGauge>(name);
        self.apply_to::<Histogram>(name);
    }

    fn apply_to<I: Instrument>(&self, name: &str) {
        let known = I::metrics(self).0.read().get(name).map(Arc::clone);
        if let Some(known) = known {
            self.apply(name, &known);
        }
    }

    fn apply<I>(&self, name: &str, known: &Known<I>) {
        let help = self.described.lock().get(name).map(|described| described.help.clone());
        if let (Some(metric), Some(help)) = (&known.metric, help) {
            metric.describe(&help);
        }
    }

    #[cold]
    fn set_aside<I: Instrument>(&self, reason: Reason, key: &Key) -> I::Handle {
        I::set_aside(SetAside(self.refused.with(Refused { metric: key.name(), reason })))
    }

    fn report(&self, refusal: Refusal) {
        self.refusals.lock().push(refusal);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        recent::give_up();
    }
}
