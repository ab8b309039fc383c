//! The traits through which the rest of the core uses a `prometheus::Registry`.
//!
//! The implementations of these traits are only reached from calls that name such a registry. A program without
//! one is therefore linked without the code that gathers, parses and describes.

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

/// Only one attachment runs at a time, because searching for used names registers probes for a moment.
static ATTACHING: Mutex<()> = Mutex::new(());

/// A `prometheus::Registry` that a builder was given.
pub(crate) trait Attach: fmt::Debug + Send + Sync {
    /// Gathers from it once. This runs the user's collectors.
    fn gather(&self, workers: &Workers) -> Result<Box<dyn Attaching>, BuildError>;
}

/// A `prometheus::Registry` that the families will be attached to.
pub(crate) trait Attaching {
    /// Returns the labels that it adds to every series that it gathers.
    fn labels(&self) -> &[(String, String)];

    /// Checks that its prefix and labels agree with our settings.
    fn check(
        &self,
        const_labels: &[(String, String)],
        families: &[Description],
    ) -> Result<(), BuildError>;

    /// Attaches these families to it. With `process`, also adds the standard `process_*` families.
    fn attach(
        &self,
        instances: &Arc<Instances>,
        families: &[Description],
        process: bool,
    ) -> Result<Box<dyn Attached>, BuildError>;
}

/// The `prometheus::Registry` that a registry is attached to.
pub(crate) trait Attached: fmt::Debug + Send + Sync {
    /// Gathers its families, without ours. Collectors that fail are counted.
    fn families(&self, instances: &Instances) -> Box<dyn OtherFamilies>;

    /// Reserves the names of a family that is registered after the registry was attached.
    fn reserve(
        &self,
        const_labels: &[(String, String)],
        family: &Description,
    ) -> Result<(), FamilyError>;

    /// Registers a collector whose failures do not affect others.
    fn register(
        &self,
        instances: &Arc<Instances>,
        collector: Box<dyn Collector>,
    ) -> Result<(), RegisterError>;

    /// Returns the registry, for the user.
    fn registry(&self) -> &prometheus::Registry;
}

/// Attaches these families to a new `prometheus::Registry`.
///
/// # Panics
///
/// Panics if the families clash with each other. This is checked when they are registered.
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

/// A new `prometheus::Registry`, for the families of the `prometheus` crate itself.
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
    /// Whether the user has access to the registry.
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
