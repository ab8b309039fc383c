//! The foreign families of a page: those that the attached `prometheus::Registry` gathers.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use prometheus::proto::MetricFamily;

use super::collector::gather_others;
use super::foreign::{foreign_families, named_families};
use super::gathering::Gathering;
use super::isolated::{Isolated, IsolatedCollector};
use crate::attachment::Instances;
use crate::error::RegisterError;
use crate::exposition::ForeignFamily;
use crate::names::NamedFamily;
use crate::panics::contain;
use crate::workers::{Task, dispose};

/// The attached registry, as seen by pages.
#[derive(Debug)]
pub(crate) struct Others {
    registry: prometheus::Registry,
    /// Whether the user has access to the registry, and may therefore have registered any collectors. Until
    /// then, all collectors are those of the `prometheus` crate, and run on the thread of the reader.
    is_shared: AtomicBool,
    gathering: Gathering,
    isolated: Mutex<Vec<Weak<Isolated>>>,
    /// The names of families that were registered with [`register`](Self::register). Some of them may have been
    /// unregistered since.
    names: Mutex<HashSet<String>>,
}

impl Others {
    pub(crate) fn new(
        instances: &Arc<Instances>,
        registry: prometheus::Registry,
        is_shared: bool,
    ) -> Self {
        let gathering = Gathering::new({
            let (instances, registry) = (Arc::downgrade(instances), registry.clone());
            move || gather_others(instances.as_ptr(), &registry)
        });
        Self {
            registry,
            is_shared: AtomicBool::new(is_shared),
            gathering,
            isolated: Mutex::default(),
            names: Mutex::default(),
        }
    }

    /// Returns the registry, for the user.
    pub(crate) fn registry(&self) -> &prometheus::Registry {
        self.is_shared.store(true, Relaxed);
        &self.registry
    }

    /// Registers a collector of these families. Its failures do not affect others.
    pub(crate) fn register(
        &self,
        collector: IsolatedCollector,
        names: BTreeSet<String>,
    ) -> Result<(), RegisterError> {
        let isolated = Arc::downgrade(collector.isolated());
        if let Err(error) = self.registry().register(Box::new(collector)) {
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            return Err(RegisterError::Refused { names, reason: error.to_string() });
        }
        self.isolated.lock().push(isolated);
        self.names.lock().extend(names);
        Ok(())
    }

    /// Returns whether a family with this name was registered with [`register`](Self::register).
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names.lock().contains(name)
    }

    /// Returns the registry, for probes.
    pub(crate) fn probed(&self) -> &prometheus::Registry {
        &self.registry
    }

    /// Gathers the families of the registry, without ours. Collectors that fail are counted.
    pub(crate) fn families(&self, instances: &Instances) -> Vec<ForeignFamily> {
        let gathered = self.gather(instances, |tasks| instances.run(tasks));
        let mut families = Vec::new();
        for family in foreign_families(gathered) {
            match family {
                Some(family) => families.push(family),
                None => instances.state().count_collection_error(),
            }
        }
        families
    }

    /// Gathers the names and types of these families. Pages count collectors that fail.
    pub(crate) fn named_families(&self, instances: &Instances) -> Vec<NamedFamily> {
        named_families(&self.gather(instances, |tasks| instances.try_run(tasks)))
    }

    /// Gathers. `run` runs tasks and returns for each of them whether it succeeded in time.
    fn gather(
        &self,
        instances: &Instances,
        run: impl Fn(&[&Arc<Task>]) -> Vec<bool>,
    ) -> Vec<MetricFamily> {
        if instances.is_inside() {
            // This thread runs a collector that reads our metrics to derive its own. It must not be called
            // again.
            return Vec::new();
        }
        if !self.is_shared.load(Relaxed) {
            return contain(|| gather_others(instances, &self.registry)).unwrap_or_else(|| {
                instances.state().count_collection_error();
                Vec::new()
            });
        }
        let isolated = self.isolated();
        let tasks: Vec<_> = isolated.iter().map(|isolated| isolated.task()).collect();
        for (isolated, through) in isolated.iter().zip(run(&tasks)) {
            isolated.note(through);
        }
        // If a collector was unregistered in the meantime, it is dropped here, together with the user's
        // collector.
        isolated.into_iter().filter_map(Arc::into_inner).for_each(dispose);
        self.gathering.gather(|task| run(&[task]) == [true]).unwrap_or_default()
    }

    /// Returns the isolated collectors that are still registered.
    fn isolated(&self) -> Vec<Arc<Isolated>> {
        let mut isolated = self.isolated.lock();
        isolated.retain(|isolated| isolated.strong_count() > 0);
        isolated.iter().filter_map(Weak::upgrade).collect()
    }
}
