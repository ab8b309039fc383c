//! Threads for the user's code that reading the metrics runs: callbacks of instances and collectors.
//!
//! Such code may take any lock, one that the reader holds included, and may never return. So it runs
//! on threads of the registry's own and the reader waits for a bounded time. A thread is started by
//! the reader that needs one and ends when nothing is queued. One that does not come back from a
//! task is left alone with it, and the next reader starts another; a task that is still running is
//! not started a second time.

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

/// How long a reader gives a worker to take the next task before it starts another worker.
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
    /// A task has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Task>>,
    /// How many tasks workers have taken so far.
    taken: u64,
}

impl Workers {
    /// `timeout` is how long a reader waits for a task, from when it asks for it.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { shared: Arc::default(), timeout }
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Runs each task once, from a point in time after this call, and waits until all are through or
    /// have used up their time. Says for each whether it is through; otherwise it overran, it panicked,
    /// or the system starts no thread.
    ///
    /// A task that overran goes on. Until it returns, later calls don't wait for it.
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
                // Left in the queue, it is run by the worker of a later call.
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

    /// Whether the calling thread runs a task of this registry, or is in [`user_code`].
    pub(crate) fn is_inside(&self) -> bool {
        let id = self.shared.id();
        INSIDE
            .try_with(|inside| inside.borrow().iter().any(|of| of.is_none_or(|of| of == id)))
            .unwrap_or(true)
    }

    /// Starts a worker. Says whether the system let it.
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
            // May be the last one, with values of the user's.
            contain(|| drop(task));
        }
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// Drops a value on a thread of its own, since its drop may run the user's code.
pub(crate) fn dispose(value: impl Send + 'static) {
    spawn(Box::new(move || {
        contain(|| drop(value));
    }));
}

/// Where the system starts no thread, what `run` holds is dropped here.
fn spawn(run: Box<dyn FnOnce() + Send>) -> bool {
    let thread = thread::Builder::new().name("caracal-metrics".to_owned());
    #[cfg(test)]
    let thread = tests::starved(thread);
    thread.spawn(run).is_ok()
}

thread_local! {
    /// Whose code this thread runs: that of one registry's tasks, or, for `None`, code that the
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

/// Runs code of the user's that a callback may be waiting for, such as a listener that is called
/// under a lock of the observed thing. Where it reads the metrics, it does not wait for callbacks and
/// collectors: it gets what callbacks read last, and Caracal's own families only.
pub fn user_code<R>(run: impl FnOnce() -> R) -> R {
    let _inside = Inside::enter(None);
    run()
}

#[cfg(test)]
mod tests;
