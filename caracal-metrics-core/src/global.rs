//! The process-wide instance.

use std::sync::OnceLock;

use crate::error::{AlreadyInitialized, NotInitialized};
use crate::registry::MetricsRegistry;

static REGISTRY: OnceLock<MetricsRegistry> = OnceLock::new();

/// Makes the process-wide registry with default settings.
///
/// # Errors
///
/// When it is there already.
///
/// ```
/// use caracal_metrics_core::{get_metrics_registry, initialize_metrics_registry};
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
    if REGISTRY.get().is_some() {
        return Err(AlreadyInitialized);
    }
    initialize_metrics_registry_with(MetricsRegistry::new())
}

/// Makes this registry the process-wide one.
///
/// # Errors
///
/// When there is one already.
pub fn initialize_metrics_registry_with(
    registry: MetricsRegistry,
) -> Result<MetricsRegistry, AlreadyInitialized> {
    REGISTRY.set(registry.clone()).map_err(|_| AlreadyInitialized)?;
    Ok(registry)
}

/// The process-wide registry.
///
/// # Errors
///
/// When it was not made yet.
pub fn get_metrics_registry() -> Result<MetricsRegistry, NotInitialized> {
    REGISTRY.get().cloned().ok_or(NotInitialized)
}
