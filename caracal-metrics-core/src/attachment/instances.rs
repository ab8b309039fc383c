//! The instances that are attached to a registry, and how they are updated for a page.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::engine::Cell;
use crate::error::AttachError;
use crate::instance_kind::InstanceKind;
use crate::series::FamilyStore;
use crate::state::State;
use crate::workers::{Task, Workers};

/// A thing that pages read.
///
/// This is a trait so that only an instance reaches the code that runs callbacks. The linker leaves that code
/// out of a program that attaches none.
pub(crate) trait Observed: Send + Sync + 'static {
    /// The callback that must run before [`bring_up_to_date`](Self::bring_up_to_date), on a different thread
    /// than the one that reads the metrics.
    fn task(&self) -> Option<&Arc<Task>>;

    /// Calls [`Instances::run_callbacks`] for these instances. This is one of them.
    fn run_callbacks(&self, all: &Instances, these: &[Arc<dyn Observed>]);

    /// Stores the values that were read in the series.
    fn bring_up_to_date(&self);
}

/// The attached instances of a registry.
pub(crate) struct Instances {
    state: Arc<State>,
    live: Mutex<Live>,
    /// Series that are in no output any more, except possibly on a page that is being written.
    retired: Mutex<Vec<(Arc<FamilyStore>, Cell)>>,
    /// Only one page is written at a time, so that the values that instances report at scrape and the values on
    /// the page belong together. No code of the user runs under this lock.
    writing: Mutex<()>,
    workers: Workers,
}

struct Live {
    next_id: u64,
    instances: Vec<Instance>,
}

struct Instance {
    id: u64,
    kind: InstanceKind,
    name: Option<String>,
    /// Set once it is attached. It is weak, because the registry does not keep the things alive that it
    /// observes.
    observed: Option<Weak<dyn Observed>>,
}

impl std::fmt::Debug for Instances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instances").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Instances {
    pub(crate) fn new(state: Arc<State>, workers: Workers) -> Self {
        Self {
            state,
            live: Mutex::new(Live { next_id: 0, instances: Vec::new() }),
            retired: Mutex::default(),
            writing: Mutex::default(),
            workers,
        }
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Reserves an id, and the name with it.
    pub(super) fn reserve(
        &self,
        kind: InstanceKind,
        name: Option<&str>,
    ) -> Result<u64, AttachError> {
        if name.is_some_and(str::is_empty) {
            return Err(AttachError::EmptyName { kind });
        }
        let mut live = self.live.lock();
        for other in live.instances.iter().filter(|other| other.kind == kind) {
            match (other.name.as_deref(), name) {
                (None, None) => return Err(AttachError::UnnamedTaken { kind }),
                (Some(taken), Some(name)) if taken == name => {
                    return Err(AttachError::NameTaken { kind, name: name.to_owned() });
                }
                (Some(_), Some(_)) => {}
                (None, Some(_)) | (Some(_), None) => {
                    return Err(AttachError::NamedAndUnnamed { kind });
                }
            }
        }
        live.next_id += 1;
        let id = live.next_id;
        let name = name.map(str::to_owned);
        live.instances.push(Instance { id, kind, name, observed: None });
        Ok(id)
    }

    pub(super) fn attach(&self, id: u64, observed: Weak<dyn Observed>) {
        let mut live = self.live.lock();
        if let Some(instance) = live.instances.iter_mut().find(|instance| instance.id == id) {
            instance.observed = Some(observed);
        }
    }

    /// Frees the name.
    pub(super) fn detach(&self, id: u64) {
        self.live.lock().instances.retain(|instance| instance.id != id);
    }

    /// Returns the instances of these kinds. The caller must drop them under no lock.
    pub(crate) fn attached(&self, these: impl Fn(InstanceKind) -> bool) -> Vec<Arc<dyn Observed>> {
        let live = self.live.lock();
        let these = live.instances.iter().filter(|instance| these(instance.kind));
        these.filter_map(|instance| instance.observed.as_ref()?.upgrade()).collect()
    }

    /// Updates everything that is read at scrape, and then runs `read`.
    pub(crate) fn scrape<R>(&self, read: impl FnOnce() -> R) -> R {
        let instances = self.attached(|_| true);
        self.sample(&instances);
        self.page(instances, read)
    }

    /// Runs the callbacks of instances that may run code of the user. This waits for a limited time, under no
    /// lock.
    pub(crate) fn sample(&self, instances: &[Arc<dyn Observed>]) {
        if let Some(any) = instances.first() {
            any.run_callbacks(self, instances);
        }
    }

    pub(super) fn run_callbacks(&self, instances: &[Arc<dyn Observed>]) {
        if !self.is_inside() {
            let isolated: Vec<_> = instances.iter().filter_map(|it| it.task()).collect();
            self.run(&isolated);
        }
    }

    pub(crate) fn collection_timeout(&self) -> Duration {
        self.workers.timeout()
    }

    /// Returns whether the calling thread runs code of the user that reading the metrics may wait for. Such a
    /// thread gets the last values: if it waited for callbacks and collectors, it could wait for itself.
    pub(crate) fn is_inside(&self) -> bool {
        self.workers.is_inside()
    }

    /// Runs tasks and counts those that fail. Returns for each task whether it succeeded in time.
    pub(crate) fn run(&self, tasks: &[&Arc<Task>]) -> Vec<bool> {
        let through = self.try_run(tasks);
        for _ in through.iter().filter(|through| !**through) {
            self.state.count_collection_error();
        }
        through
    }

    /// Runs tasks. Returns for each task whether it succeeded in time.
    pub(crate) fn try_run(&self, tasks: &[&Arc<Task>]) -> Vec<bool> {
        self.workers.run(tasks)
    }

    /// Stores the values that the instances have read in their series and runs `read`, in one step. `read` must
    /// not run code of the user.
    pub(crate) fn page<R>(&self, instances: Vec<Arc<dyn Observed>>, read: impl FnOnce() -> R) -> R {
        let result = {
            let _writing = self.writing.lock();
            self.release_retired();
            for instance in &instances {
                instance.bring_up_to_date();
            }
            self.state.count_series();
            read()
        };
        // This is under no lock: an instance that was detached in the meantime is dropped here.
        drop(instances);
        result
    }

    /// Takes back the series of an instance once no page is being written that may still show them. Their cells
    /// are then reused.
    pub(super) fn retire(&self, series: Vec<(Arc<FamilyStore>, Cell)>) {
        self.retired.lock().extend(series);
        if let Some(_writing) = self.writing.try_lock() {
            self.release_retired();
        }
    }

    fn release_retired(&self) {
        for (store, cell) in std::mem::take(&mut *self.retired.lock()) {
            store.release(cell);
        }
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        self.release_retired();
    }
}
