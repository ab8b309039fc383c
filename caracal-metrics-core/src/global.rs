//! The process-wide registry.

use std::sync::OnceLock;

use crate::error::{AlreadyInitialized, NotInitialized};
use crate::registry::MetricsRegistry;

static REGISTRY: OnceLock<MetricsRegistry> = OnceLock::new();

/// Creates the process-wide registry with default settings.
///
/// # Errors
///
/// Returns an error if the process-wide registry already exists.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{get_metrics_registry, initialize_metrics_registry};
///
/// assert_eq!(
///     get_metrics_registry().unwrap_err().to_string(),
///     "Metrics registry not initialized: call initialize_metrics_registry() first",
/// );
/// initialize_metrics_registry()?;
/// get_metrics_registry()?.record_degraded_mode_request();
/// assert!(initialize_metrics_registry().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn initialize_metrics_registry() -> Result<MetricsRegistry, AlreadyInitialized> {
    if get_metrics_registry().is_ok() {
        return Err(AlreadyInitialized);
    }
    initialize_metrics_registry_with(MetricsRegistry::new())
}

/// Makes this registry the process-wide one.
///
/// # Errors
///
/// Returns an error if the process-wide registry already exists.
pub fn initialize_metrics_registry_with(
    registry: MetricsRegistry,
) -> Result<MetricsRegistry, AlreadyInitialized> {
    #[cfg(feature = "testing")]
    if of_test().is_some() {
        return Err(AlreadyInitialized);
    }
    REGISTRY.set(registry.clone()).map_err(|_| AlreadyInitialized)?;
    Ok(registry)
}

/// Returns the process-wide registry.
///
/// # Errors
///
/// Returns an error if the process-wide registry does not exist yet.
pub fn get_metrics_registry() -> Result<MetricsRegistry, NotInitialized> {
    #[cfg(feature = "testing")]
    if let Some(registry) = of_test() {
        return Ok(registry);
    }
    REGISTRY.get().cloned().ok_or(NotInitialized)
}

/// Returns the registry that a test uses instead of the process-wide one.
#[cfg(feature = "testing")]
fn of_test() -> Option<MetricsRegistry> {
    crate::scoped::current()
}

#[cfg(feature = "testing")]
impl crate::scoped::Scoped for MetricsRegistry {
    fn slot() -> &'static std::thread::LocalKey<std::cell::RefCell<Option<Self>>> {
        thread_local! {
            static OF_TEST: std::cell::RefCell<Option<MetricsRegistry>> =
                const { std::cell::RefCell::new(None) };
        }
        &OF_TEST
    }
}
