//! The adapter under test, independent of its types.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::MetricsRegistryBuilder;
use crate::error::AttachError;
use crate::family_spec::FamilySpec;
use crate::registry::MetricsRegistry;

/// The namespace of the registries of the kit.
const NAMESPACE: &str = "conformance";

/// How long a page of the registries of the kit waits for user code.
pub(super) const COLLECTION_TIMEOUT: Duration = Duration::from_millis(200);

/// The name of most things.
pub(super) const FIRST: &str = "first";

type Attach = dyn Fn(&MetricsRegistry, &str) -> Result<Box<dyn Any>, AttachFailure> + Send + Sync;
type WithUserCode =
    dyn Fn(&MetricsRegistry, &str, UserCode) -> Result<Box<dyn Any>, AttachFailure> + Send + Sync;
type Exercise = dyn Fn(&dyn Any) + Send + Sync;
type Bring = dyn Fn(&dyn Any, &str) + Send + Sync;

/// Code that a scrape runs in place of the application's. It may panic or not return.
#[derive(Clone)]
pub struct UserCode(Arc<dyn Fn() + Send + Sync>);

impl UserCode {
    pub(super) fn new(code: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(code))
    }

    /// Runs the code.
    pub fn call(&self) {
        (self.0)();
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCode").finish_non_exhaustive()
    }
}

/// The reason why a thing was not attached.
#[derive(Debug)]
pub(super) struct AttachFailure {
    pub(super) text: String,
    pub(super) is_name_taken: bool,
}

impl AttachFailure {
    #[expect(clippy::needless_pass_by_value, reason = "the error is consumed")]
    pub(super) fn of(error: AttachError) -> Self {
        let is_name_taken = matches!(error, AttachError::NameTaken { .. });
        Self { text: error.to_string(), is_name_taken }
    }

    pub(super) fn untyped(text: String) -> Self {
        Self { text, is_name_taken: false }
    }
}

pub(super) struct Subject {
    pub(super) adapter: String,
    pub(super) has_instances: bool,
    attach: Arc<Attach>,
    pub(super) families: Option<Vec<&'static FamilySpec>>,
    pub(super) outliving: Vec<&'static FamilySpec>,
    pub(super) exercise: Arc<Exercise>,
    pub(super) bring: Option<Arc<Bring>>,
    pub(super) with_user_code: Option<Arc<WithUserCode>>,
}

impl Subject {
    pub(super) fn new(adapter: String, has_instances: bool, attach: Arc<Attach>) -> Self {
        Self {
            adapter,
            has_instances,
            attach,
            families: None,
            outliving: Vec::new(),
            exercise: Arc::new(|_| {}),
            bring: None,
            with_user_code: None,
        }
    }

    pub(super) fn try_attach(
        &self,
        metrics: &MetricsRegistry,
        name: &str,
    ) -> Result<Box<dyn Any>, AttachFailure> {
        (self.attach)(metrics, name)
    }

    pub(super) fn attach(
        &self,
        metrics: &MetricsRegistry,
        name: &str,
    ) -> Result<Box<dyn Any>, String> {
        let attached = self.try_attach(metrics, name);
        attached.map_err(|error| format!("{name:?} can't be attached: {}", error.text))
    }

    /// Attaches a thing and exercises it.
    pub(super) fn attach_and_exercise(
        &self,
        metrics: &MetricsRegistry,
        name: &str,
    ) -> Result<Box<dyn Any>, String> {
        let thing = self.attach(metrics, name)?;
        (self.exercise)(&*thing);
        Ok(thing)
    }

    /// Returns whether the series of this family stay when the thing is dropped.
    pub(super) fn outlives(&self, family: &str) -> bool {
        !self.has_instances
            || self.outliving.iter().any(|spec| spec.exposed_name(NAMESPACE) == family)
    }
}

pub(super) fn exposed(spec: &FamilySpec) -> String {
    spec.exposed_name(NAMESPACE)
}

/// Returns a new registry with additional settings.
pub(super) fn registry_of(
    set: impl FnOnce(MetricsRegistryBuilder) -> MetricsRegistryBuilder,
) -> Result<MetricsRegistry, String> {
    let builder = MetricsRegistry::builder().namespace(NAMESPACE).only_used_families();
    let builder = set(builder.collection_timeout(COLLECTION_TIMEOUT));
    builder.build().map_err(|error| error.to_string())
}

pub(super) fn registry() -> Result<MetricsRegistry, String> {
    registry_of(|builder| builder)
}
