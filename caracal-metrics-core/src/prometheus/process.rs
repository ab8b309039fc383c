//! The standard `process_*` families, by the `prometheus` crate's own collector.

use crate::error::BuildError;

/// Adds the families to a registry, unless its collector for them is there already, as it is in
/// `prometheus::default_registry()`.
#[cfg(all(feature = "process", target_os = "linux"))]
pub(crate) fn register(
    registry: &prometheus::Registry,
    is_registered: impl Fn(&str) -> bool,
) -> Result<(), BuildError> {
    use prometheus::core::Collector;
    use prometheus::process_collector::ProcessCollector;

    let collector = ProcessCollector::for_self();
    let descs = collector.desc();
    let (there, missing): (Vec<_>, Vec<_>) =
        descs.into_iter().partition(|desc| is_registered(&desc.fq_name));
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(desc) = there.first() {
        return Err(BuildError::NameTaken { name: desc.fq_name.clone() });
    }
    registry
        .register(Box::new(collector))
        .map_err(|error| BuildError::Registration { reason: error.to_string() })
}

/// There is no collector without the feature, nor for other systems than Linux.
#[cfg(not(all(feature = "process", target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
pub(crate) fn register(
    _registry: &prometheus::Registry,
    _is_registered: impl Fn(&str) -> bool,
) -> Result<(), BuildError> {
    Ok(())
}
