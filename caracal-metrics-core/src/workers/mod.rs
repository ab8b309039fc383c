//! Threads for code of the user that reading the metrics runs: callbacks of instances, and collectors.
//!
//! Such code can take any lock, including one that the reader holds, and may never return. It therefore runs on
//! threads of the registry, and the reader waits for a limited time. A reader that needs a thread starts it,
//! and the thread ends when nothing is queued. A thread that does not return from a task is left alone with it,
//! and the next reader starts another one. A task that is still running is not started a second time.

mod context;
mod task;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::panics::contain;
pub(crate) use context::Context;
pub(crate) use task::Task;

/// How long a reader waits for a worker to take the next task before it starts another worker.
const STALL: Duration = Duration::from_millis(25);

/// Runs the tasks of one registry.
#[derive(Debug)]
pub(crate) struct Workers {
    shared: Arc<Shared>,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when a task has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Task>>,
    /// The number of tasks that workers have taken so far.
    taken: u64,
}

impl Workers {
    /// Creates the workers. `timeout` is how long a reader waits for a task, from the moment at which it
    /// requests the task.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { shared: Arc::default(), timeout }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Runs each task once, starting after this call, and waits until all of them have ended or used up their
    /// time. Returns for each task whether it succeeded in time. Otherwise, it took too long, it panicked, or
    /// the system could not start a thread.
    ///
    /// A task that takes too long keeps running. Until it returns, later calls do not wait for it.
    pub(crate) fn run(&self, tasks: &[&Arc<Task>]) -> Vec<bool> {
        let mut through = vec![false; tasks.len()];
        if tasks.is_empty() {
            return through;
        }
        let context = Context::current();
        let mut queue = self.shared.queue.lock();
        let mut waiting = Vec::new();
        for (task, through) in tasks.iter().zip(&mut through) {
            let (ticket, is_new) = task.request(&context, self.timeout);
            if is_new {
                queue.waiting.push_back(Arc::clone(task));
            }
            waiting.push((task, ticket, through));
        }
        let mut has_worker = queue.waiting.is_empty() || self.start();
        loop {
            let now = Instant::now();
            waiting.retain_mut(|(task, ticket, through)| match task.outcome(*ticket) {
                Some(outcome) => {
                    **through = outcome;
                    false
                }
                // The task stays in the queue, and the worker of a later call runs it.
                None if !has_worker && task.is_queued() => false,
                None => now < ticket.until,
            });
            let Some(until) = waiting.iter().map(|(_, ticket, _)| ticket.until).min() else {
                break;
            };
            let until = if queue.waiting.is_empty() { until } else { until.min(now + STALL) };
            let taken = queue.taken;
            let timed_out = self.shared.ended.wait_until(&mut queue, until).timed_out();
            if timed_out && queue.taken == taken && !queue.waiting.is_empty() {
                has_worker = self.start();
            }
        }
        drop((queue, waiting));
        through
    }

    /// Returns whether the calling thread runs a task of this registry, or is in [`user_code`].
    pub(crate) fn is_inside(&self) -> bool {
        let id = self.shared.id();
        INSIDE
            .try_with(|inside| inside.borrow().iter().any(|of| of.is_none_or(|of| of == id)))
            .unwrap_or(true)
    }

    /// Starts a worker. Returns whether the system could start the thread.
    fn start(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        spawn(Box::new(move || shared.work()))
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let mut queue = self.queue.lock();
            let Some(task) = queue.waiting.pop_front() else { return };
            queue.taken += 1;
            let context = task.begin();
            drop(queue);
            let through = contain(|| {
                let _inside = Inside::enter(Some(self.id()));
                context.enter(|| task.run());
            });
            let mut queue = self.queue.lock();
            if task.end(through.is_none()) {
                queue.waiting.push_back(Arc::clone(&task));
            }
            drop(queue);
            self.ended.notify_all();
            // This may be the last reference, and drop values of the user.
            contain(|| drop(task));
        }
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// Drops a value on a separate thread, because its drop may run code of the user.
pub(crate) fn dispose(value: impl Send + 'static) {
    spawn(Box::new(move || {
        contain(|| drop(value));
    }));
}

/// If the system can't start a thread, everything that `run` holds is dropped here.
fn spawn(run: Box<dyn FnOnce() + Send>) -> bool {
    let thread = thread::Builder::new().name("caracal-metrics".to_owned());
    #[cfg(test)]
    let thread = tests::starved(thread);
    thread.spawn(run).is_ok()
}

thread_local! {
    /// The owners of the code that this thread runs: a registry for its tasks, or `None` for code that the
    /// tasks of any registry may be waiting for.
    static INSIDE: RefCell<Vec<Option<usize>>> = const { RefCell::new(Vec::new()) };
}

struct Inside;

impl Inside {
    fn enter(of: Option<usize>) -> Option<Self> {
        INSIDE.try_with(|inside| inside.borrow_mut().push(of)).ok().map(|()| Self)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
    }
}

/// Runs code of the user that a callback may be waiting for, such as a listener that is called under a lock of
/// the observed thing. If the code reads the metrics, it does not wait for callbacks and collectors: it gets
/// the last values that callbacks have read, and only Caracal's own families.
pub fn user_code<R>(run: impl FnOnce() -> R) -> R {
    let _inside = Inside::enter(None);
    run()
}

#[cfg(test)]
mod tests;
