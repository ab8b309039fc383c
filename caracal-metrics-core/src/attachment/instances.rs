//! What is attached to a registry, and bringing it up to date for a page.

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
/// A trait: the code that runs callbacks is reached only from an instance, so the linker leaves it out
/// of a program that attaches none.
pub(crate) trait Observed: Send + Sync + 'static {
    /// The callback that has to be run before [`bring_up_to_date`](Self::bring_up_to_date), apart
    /// from the thread that reads the metrics.
    fn task(&self) -> Option<&Arc<Task>>;

    /// [`Instances::run_callbacks`] of these instances, of which this is one.
    fn run_callbacks(&self, all: &Instances, these: &[Arc<dyn Observed>]);

    /// Puts what was read into the series.
    fn bring_up_to_date(&self);
}

/// The instances of a registry that are attached.
pub(crate) struct Instances {
    state: Arc<State>,
    live: Mutex<Live>,
    /// Series that are in no output any more, except for a page that is being written.
    retired: Mutex<Vec<(Arc<FamilyStore>, Cell)>>,
    /// One page at a time, so that what instances report at scrape and what is written belong
    /// together. No code of the user's runs under it.
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
    /// Once it is attached. Weak: the registry keeps nothing that it observes.
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

    /// Gives out an id, and with it the name.
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

    /// The instances of these kinds, as they are now. The caller drops them under no lock.
    pub(crate) fn attached(&self, these: impl Fn(InstanceKind) -> bool) -> Vec<Arc<dyn Observed>> {
        let live = self.live.lock();
        let these = live.instances.iter().filter(|instance| these(instance.kind));
        these.filter_map(|instance| instance.observed.as_ref()?.upgrade()).collect()
    }

    /// Runs `read` with everything that is read at scrape brought up to date.
    pub(crate) fn scrape<R>(&self, read: impl FnOnce() -> R) -> R {
        let instances = self.attached(|_| true);
        self.sample(&instances);
        self.page(instances, read)
    }

    /// Runs the callbacks of instances that may run the user's code. It waits for a bounded time,
    /// under no lock.
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

    /// Whether the calling thread runs code of the user's that reading the metrics may wait for. It
    /// gets what was read last: waiting for callbacks and collectors, it could wait for itself.
    pub(crate) fn is_inside(&self) -> bool {
        self.workers.is_inside()
    }

    /// Runs tasks and counts those that fail. Says for each whether it is through.
    pub(crate) fn run(&self, tasks: &[&Arc<Task>]) -> Vec<bool> {
        let through = self.try_run(tasks);
        for _ in through.iter().filter(|through| !**through) {
            self.state.count_collection_error();
        }
        through
    }

    /// Runs tasks. Says for each whether it is through.
    pub(crate) fn try_run(&self, tasks: &[&Arc<Task>]) -> Vec<bool> {
        self.workers.run(tasks)
    }

    /// Puts what the instances have read into their series and runs `read`, as one step. `read` must
    /// not run the user's code.
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
        // Under no lock: one that was given up in the meantime ends here.
        drop(instances);
        result
    }

    /// Takes the series of an instance back once no page is being written that may still show them:
    /// their cells are given to others.
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
