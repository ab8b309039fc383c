//! Threads that have done some work and stay alive.

use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

/// The threads end when this is dropped.
pub(crate) struct Parked {
    gate: Arc<Barrier>,
    threads: Vec<JoinHandle<()>>,
}

impl Parked {
    /// Starts this number of threads, and returns when each of them has done the work.
    pub(crate) fn after(count: usize, work: impl Fn() + Send + Sync + 'static) -> Self {
        let (gate, work) = (Arc::new(Barrier::new(count + 1)), Arc::new(work));
        let start = || {
            let (gate, work) = (gate.clone(), work.clone());
            thread::spawn(move || {
                work();
                drop(work);
                gate.wait();
                gate.wait();
            })
        };
        let threads = (0..count).map(|_| start()).collect();
        gate.wait();
        Self { gate, threads }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.gate.wait();
        for thread in self.threads.drain(..) {
            thread.join().expect("no panic");
        }
    }
}
