//! What the rest of the core asks of a `prometheus::Registry`.
//!
//! It asks through traits. Their implementations are reached only from the calls that name such a
//! registry, so a program without one is linked without the code that gathers, parses and describes.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::core::Collector;

use super::attaching::{check_names, check_settings, gather, reserve};
use super::collector::CaracalCollector;
use super::collectors::{check_collector, described};
use super::isolated::IsolatedCollector;
use super::others::Others;
use super::probes::{Gathered, is_registered};
use super::process::register as register_process;
use crate::attachment::Instances;
use crate::description::Description;
use crate::error::{BuildError, RegisterError};
use crate::exposition::{ForeignFamilies, OtherFamilies};
use crate::family_error::FamilyError;
use crate::workers::Workers;

/// One attachment at a time: looking for taken names registers something for an instant.
static ATTACHING: Mutex<()> = Mutex::new(());

/// A `prometheus::Registry` that a builder was given.
pub(crate) trait Attach: fmt::Debug + Send + Sync {
    /// Gathers from it once, which runs the user's collectors.
    fn gather(&self, workers: &Workers) -> Result<Box<dyn Attaching>, BuildError>;
}

/// A `prometheus::Registry` that is about to be attached to.
pub(crate) trait Attaching {
    /// What it adds to every series that it gathers.
    fn labels(&self) -> &[(String, String)];

    /// Whether what it does to all families agrees with our settings.
    fn check(
        &self,
        const_labels: &[(String, String)],
        families: &[Description],
    ) -> Result<(), BuildError>;

    /// Attaches to it, and with `process` adds the standard `process_*` families to it. The registry
    /// has these families.
    fn attach(
        &self,
        instances: &Arc<Instances>,
        families: &[Description],
        process: bool,
    ) -> Result<Box<dyn Attached>, BuildError>;
}

/// The `prometheus::Registry` that a registry is attached to.
pub(crate) trait Attached: fmt::Debug + Send + Sync {
    /// Its families, without ours. Collectors that fail are counted.
    fn families(&self, instances: &Instances) -> Box<dyn OtherFamilies>;

    /// Keeps the names of a family that is registered after the registry was attached.
    fn reserve(
        &self,
        const_labels: &[(String, String)],
        family: &Description,
    ) -> Result<(), FamilyError>;

    /// Registers a collector whose failures cost nobody else.
    fn register(
        &self,
        instances: &Arc<Instances>,
        collector: Box<dyn Collector>,
    ) -> Result<(), RegisterError>;

    /// The registry, for the user to have.
    fn registry(&self) -> &prometheus::Registry;
}

/// Attaches to a fresh `prometheus::Registry`. The registry has these families.
///
/// # Panics
///
/// Panics if the families clash with each other, which is checked when they are registered.
pub(crate) fn attach_to_fresh<'a>(
    instances: &Arc<Instances>,
    families: impl IntoIterator<Item = &'a Description>,
) -> Box<dyn Attached> {
    join(prometheus::Registry::new(), true, instances, families)
        .expect("a fresh prometheus registry accepts families that do not clash")
}

fn join<'a>(
    registry: prometheus::Registry,
    is_shared: bool,
    instances: &Arc<Instances>,
    families: impl IntoIterator<Item = &'a Description>,
) -> Result<Box<dyn Attached>, BuildError> {
    CaracalCollector::new(Arc::clone(instances), families)
        .and_then(|collector| registry.register(Box::new(collector)))
        .map_err(|error| BuildError::Registration { reason: error.to_string() })?;
    Ok(Box::new(Others::new(instances, registry, is_shared)))
}

impl Attach for prometheus::Registry {
    fn gather(&self, workers: &Workers) -> Result<Box<dyn Attaching>, BuildError> {
        let gathered = gather(self, workers)?;
        Ok(Box::new(Gatherer { registry: self.clone(), gathered, is_shared: true }))
    }
}

/// A fresh `prometheus::Registry`, for families of that crate's own.
#[cfg(feature = "process")]
#[derive(Debug)]
pub(crate) struct Fresh;

#[cfg(feature = "process")]
impl Attach for Fresh {
    fn gather(&self, _: &Workers) -> Result<Box<dyn Attaching>, BuildError> {
        let (registry, gathered) = (prometheus::Registry::new(), Gathered::default());
        Ok(Box::new(Gatherer { registry, gathered, is_shared: false }))
    }
}

#[derive(Debug)]
struct Gatherer {
    registry: prometheus::Registry,
    gathered: Gathered,
    /// Whether the user has the registry.
    is_shared: bool,
}

impl Attaching for Gatherer {
    fn labels(&self) -> &[(String, String)] {
        &self.gathered.labels
    }

    fn check(
        &self,
        const_labels: &[(String, String)],
        families: &[Description],
    ) -> Result<(), BuildError> {
        check_settings(&self.gathered, const_labels, families)
    }

    fn attach(
        &self,
        instances: &Arc<Instances>,
        families: &[Description],
        process: bool,
    ) -> Result<Box<dyn Attached>, BuildError> {
        let const_labels = &instances.state().settings().const_labels;
        let _attaching = ATTACHING.lock();
        check_names(&self.registry, &self.gathered, const_labels, families)?;
        if process {
            register_process(&self.registry, |name| {
                self.gathered.has(name) || is_registered(&self.registry, name, &[])
            })?;
        }
        join(self.registry.clone(), self.is_shared, instances, families)
    }
}

impl Attached for Others {
    fn families(&self, instances: &Instances) -> Box<dyn OtherFamilies> {
        Box::new(ForeignFamilies::from(Others::families(self, instances)))
    }

    fn reserve(
        &self,
        const_labels: &[(String, String)],
        family: &Description,
    ) -> Result<(), FamilyError> {
        reserve(self.probed(), const_labels, family)
    }

    fn register(
        &self,
        instances: &Arc<Instances>,
        collector: Box<dyn Collector>,
    ) -> Result<(), RegisterError> {
        let collector = IsolatedCollector::new(collector, Arc::clone(instances));
        let names = described(&collector);
        check_collector(instances, self, &collector, &names)?;
        Others::register(self, collector, names)
    }

    fn registry(&self) -> &prometheus::Registry {
        Others::registry(self)
    }
}
