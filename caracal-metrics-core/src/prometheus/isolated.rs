//! A collector of the user whose failures do not affect others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::collector::is_writing;
use super::gathering::Gathering;
use crate::attachment::Instances;
use crate::workers::Task;

/// The collector that is registered with the `prometheus::Registry`.
pub(crate) struct IsolatedCollector {
    collector: Arc<dyn Collector>,
    isolated: Arc<Isolated>,
    instances: Arc<Instances>,
}

/// The part that pages refer to.
#[derive(Debug)]
pub(crate) struct Isolated {
    gathering: Gathering,
    /// The collector did not return in time, so this page does not call it again.
    failed: AtomicBool,
}

impl Isolated {
    pub(super) fn task(&self) -> &Arc<Task> {
        self.gathering.task()
    }

    /// Notes whether the task succeeded in time when the page ran it.
    pub(super) fn note(&self, through: bool) {
        self.failed.store(!through, Relaxed);
    }
}

impl IsolatedCollector {
    pub(crate) fn new(collector: Box<dyn Collector>, instances: Arc<Instances>) -> Self {
        let collector: Arc<dyn Collector> = collector.into();
        let gathering = Gathering::new({
            let collector = Arc::clone(&collector);
            move || collector.collect()
        });
        let isolated = Arc::new(Isolated { gathering, failed: AtomicBool::new(false) });
        Self { collector, isolated, instances }
    }

    pub(super) fn isolated(&self) -> &Arc<Isolated> {
        &self.isolated
    }

    /// Collects from the collector before it is registered. If it fails, there are no families, and pages count
    /// the failure.
    pub(crate) fn families(&self) -> Vec<MetricFamily> {
        let run = |task: &Arc<Task>| self.instances.try_run(&[task]) == [true];
        self.isolated.gathering.gather(run).unwrap_or_default()
    }
}

impl Collector for IsolatedCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.collector.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if is_writing(&self.instances) {
            // A page has already run all collectors of this kind in parallel. `gather` would run them one after
            // the other.
            if self.isolated.failed.load(Relaxed) {
                return Vec::new();
            }
            if let Some(families) = self.isolated.gathering.take() {
                return families;
            }
        }
        let run = |task: &Arc<Task>| self.instances.run(&[task]) == [true];
        self.isolated.gathering.gather(run).unwrap_or_default()
    }
}
