//! The standard `process_*` families.

use crate::error::BuildError;

/// Adds the families to a registry, unless it already has the collector of the `prometheus` crate for them, as
/// `prometheus::default_registry()` does.
#[cfg(all(feature = "process", target_os = "linux"))]
pub(crate) fn register(
    registry: &prometheus::Registry,
    is_registered: impl Fn(&str) -> bool,
) -> Result<(), BuildError> {
    use prometheus::core::Collector;

    let collector = linux::Process::new();
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

/// Without the feature, and on other systems than Linux, there is no such collector.
#[cfg(not(all(feature = "process", target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the other definition can fail")]
pub(crate) fn register(
    _registry: &prometheus::Registry,
    _is_registered: impl Fn(&str) -> bool,
) -> Result<(), BuildError> {
    Ok(())
}

#[cfg(all(feature = "process", target_os = "linux"))]
mod linux {
    use prometheus::core::{Collector, Desc};
    use prometheus::process_collector::ProcessCollector;
    use prometheus::proto::MetricFamily;
    use prometheus::{Counter, Opts};
    use rustix::time::{ClockId, clock_gettime};

    const CPU_SECONDS: &str = "process_cpu_seconds_total";

    /// The collector of the `prometheus` crate, which truncates the CPU seconds to whole seconds.
    pub(super) struct Process(ProcessCollector);

    impl Process {
        pub(super) fn new() -> Self {
            Self(ProcessCollector::for_self())
        }
    }

    impl Collector for Process {
        fn desc(&self) -> Vec<&Desc> {
            self.0.desc()
        }

        fn collect(&self) -> Vec<MetricFamily> {
            let mut families = self.0.collect();
            // The kernel counts the CPU time of the process in nanoseconds. The metric is created each time, so
            // that two threads can collect at once.
            let help = self.0.desc().into_iter().find(|desc| desc.fq_name == CPU_SECONDS);
            let help = help.map_or("", |desc| desc.help.as_str());
            if let Ok(seconds) = Counter::with_opts(Opts::new(CPU_SECONDS, help)) {
                let used = clock_gettime(ClockId::ProcessCPUTime);
                seconds.inc_by(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
                families.retain(|family| family.name() != CPU_SECONDS);
                families.extend(seconds.collect());
            }
            families
        }
    }
}
