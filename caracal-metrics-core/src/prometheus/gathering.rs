//! Gathers from the user's collectors on a thread of the registry.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::proto::MetricFamily;

use crate::workers::Task;

/// Something that gathers families by running the user's code.
pub(crate) struct Gathering<T = Vec<MetricFamily>> {
    task: Arc<Task>,
    /// The families that the last run gathered, until a reader takes them.
    gathered: Arc<Mutex<Option<T>>>,
}

impl<T> fmt::Debug for Gathering<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl<T: Send + 'static> Gathering<T> {
    pub(crate) fn new(gather: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let gathered = Arc::<Mutex<Option<T>>>::default();
        let task = Task::new({
            let gathered = Arc::clone(&gathered);
            move || {
                let result = gather();
                *gathered.lock() = Some(result);
            }
        });
        Self { task, gathered }
    }

    pub(super) fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Returns what the last run gathered, if no other reader has taken it.
    pub(super) fn take(&self) -> Option<T> {
        self.gathered.lock().take()
    }

    /// Gathers. `run` runs the task and returns whether it succeeded in time. Returns `None` if it did not.
    pub(crate) fn gather(&self, run: impl Fn(&Arc<Task>) -> bool) -> Option<T> {
        while run(&self.task) {
            // If several readers wait for the same run, one of them gets the result.
            let gathered = self.take();
            if gathered.is_some() {
                return gathered;
            }
        }
        None
    }
}
