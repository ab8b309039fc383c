//! Processor time and wall-clock time.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// The threads whose processor time counts.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// The thread that does the work.
    Threads,
    /// All threads of the process, for work that is done on other threads.
    Process,
}

/// Nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Processor time.
    pub(crate) cpu: f64,
    /// Wall-clock time.
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
