//! Several pieces of work, timed in turns.

use std::thread;
use std::time::{Duration, Instant};

use crate::peers::peer::Work;

/// What one piece of work is.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    /// Threads that do it at once.
    pub(crate) threads: u32,
    /// How many operations one call of the work with 1 stands for.
    pub(crate) operations: u64,
    /// How long a round of one piece lasts.
    pub(crate) round: Duration,
}

/// Nanoseconds an operation, for each piece of work one for each round.
pub(crate) fn measure(rounds: usize, unit: Unit, works: &[Work]) -> Vec<Vec<f64>> {
    let fits: Vec<_> = works.iter().map(|work| times(unit, work)).collect();
    let mut measured = vec![Vec::with_capacity(rounds); works.len()];
    for round in 0..rounds {
        // Who goes first changes from round to round, so that none always has the warm cache.
        for turn in 0..works.len() {
            let place = (round + turn) % works.len();
            measured[place].push(time(unit, fits[place], &works[place]));
        }
    }
    measured
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The second-lowest and the second-highest.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[1], sorted[sorted.len() - 2])
}

/// How often the work fits into a round.
fn times(unit: Unit, work: &Work) -> u64 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        work(times);
        let took = start.elapsed();
        if took * 4 >= unit.round {
            let fit = unit.round.as_nanos() * u128::from(times) / took.as_nanos().max(1);
            return u64::try_from(fit).unwrap_or(u64::MAX).max(1);
        }
        times *= 2;
    }
}

fn time(unit: Unit, times: u64, work: &Work) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 1..unit.threads {
            scope.spawn(|| work(times));
        }
        work(times);
    });
    start.elapsed().as_secs_f64() * 1e9 / (times * unit.operations) as f64
}
