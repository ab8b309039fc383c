//! Processor time and the wall's.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Whose processor time counts.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// The thread's that does the work.
    Threads,
    /// All of the process's, where the work is done on threads of others.
    Process,
}

/// Nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Of processors.
    pub(crate) cpu: f64,
    /// Of the clock on the wall.
    pub(crate) wall: f64,
}

pub(crate) fn timed(whose: Whose, work: impl FnOnce()) -> Took {
    let clock = match whose {
        Whose::Threads => ClockId::ThreadCPUTime,
        Whose::Process => ClockId::ProcessCPUTime,
    };
    let cpu = || {
        let time = clock_gettime(clock);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    };
    let (start, began) = (Instant::now(), cpu());
    work();
    let cpu = cpu() - began;
    Took { cpu, wall: start.elapsed().as_secs_f64() * 1e9 }
}
