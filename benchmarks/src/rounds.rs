//! Times several pieces of work in alternating rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock::{Took, Whose, timed};
use crate::parked::Parked;
use crate::peers::peer::Work;

/// How a piece of work is done and timed.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    /// The number of threads that do it at once.
    pub(crate) threads: usize,
    /// The number of threads that did it before and are still alive. If there are any, threads that
    /// start after them do the work.
    pub(crate) after: usize,
    /// How often a new thread does it before the thread ends. 0 if the work is not done on new threads.
    pub(crate) cold: u64,
    /// The number of operations in one repetition of the work.
    pub(crate) operations: u64,
    pub(crate) whose: Whose,
    pub(crate) effort: Effort,
}

/// The length of a round, the number of rounds, and the number of processes. The positions of words in
/// memory and the hashes of keys are random, but fixed for a process.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) processes: usize,
    pub(crate) round: Duration,
    pub(crate) rounds: usize,
    pub(crate) quick_rounds: usize,
}

/// One round of a piece of work, in nanoseconds per operation.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
    /// The share of the wall-clock time in which the threads ran.
    pub(crate) ran: f64,
}

/// The name of each piece of work, and its rounds.
pub(crate) type Measured = Vec<(String, Vec<Sample>)>;

pub(crate) fn measure(quick: bool, unit: Unit, works: &Arc<Vec<(&'static str, Work)>>) -> Measured {
    let _alive = (unit.after > 0).then(|| {
        let works = works.clone();
        Parked::after(unit.after, move || works.iter().for_each(|(_, work)| work.run(1)))
    });
    let rounds = if quick { unit.effort.quick_rounds } else { unit.effort.rounds };
    let fits: Vec<_> = works.iter().map(|(_, work)| times(unit, work)).collect();
    let named = |(name, _): &(&str, Work)| ((*name).to_owned(), Vec::with_capacity(rounds));
    let mut measured: Measured = works.iter().map(named).collect();
    for round in 0..rounds {
        // The order changes from round to round, so that the cache is not always warm for the same one.
        for turn in 0..works.len() {
            let place = (round + turn) % works.len();
            measured[place].1.push(sample(unit, fits[place], &works[place].1));
        }
    }
    measured
}

/// How often the work fits into a round. Afterwards, the work is warmed up.
fn times(unit: Unit, work: &Work) -> u64 {
    let round = unit.effort.round;
    let mut times = 1;
    loop {
        let took = done(unit, times, work).cpu.max(1.0);
        let took = Duration::from_secs_f64(took / 1e9);
        if took * 4 >= round {
            let fit = round.as_nanos() * u128::from(times) / took.as_nanos();
            return u64::try_from(fit).unwrap_or(u64::MAX).max(1);
        }
        times *= 2;
    }
}

fn done(unit: Unit, times: u64, work: &Work) -> Took {
    if unit.cold == 0 {
        return timed(unit.whose, || work.run(times));
    }
    let thread = |_| {
        let cold = || timed(unit.whose, || work.run(unit.cold));
        thread::scope(|scope| scope.spawn(cold).join().expect("no panic"))
    };
    let nothing = Took { cpu: 0.0, wall: 0.0 };
    (0..times)
        .map(thread)
        .fold(nothing, |sum, took| Took { cpu: sum.cpu + took.cpu, wall: sum.wall + took.wall })
}

/// A thread is timed from the moment when all threads run, after it has warmed up.
fn sample(unit: Unit, times: u64, work: &Work) -> Sample {
    let ready = AtomicUsize::new(0);
    let one = || {
        if unit.threads > 1 || unit.after > 0 {
            work.run(times / 8);
        }
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < unit.threads {
            thread::yield_now();
        }
        done(unit, times, work)
    };
    let here = unit.after == 0;
    let took: Vec<Took> = thread::scope(|scope| {
        let others = (usize::from(here)..unit.threads).map(|_| scope.spawn(one));
        let others: Vec<_> = others.collect();
        let mine = here.then(one);
        let others = others.into_iter().map(|thread| thread.join().expect("no panic"));
        mine.into_iter().chain(others).collect()
    });
    let cpu = took.iter().map(|took| took.cpu).sum::<f64>() / took.len() as f64;
    let wall = took.iter().map(|took| took.wall).fold(0.0, f64::max);
    let ran = took.iter().map(|took| took.cpu / took.wall).fold(f64::INFINITY, f64::min);
    let operations = (times * unit.operations) as f64;
    Sample { cpu: cpu / operations, wall: wall / operations, ran }
}
