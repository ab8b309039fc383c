//! Two pieces of work, timed in turns.

use std::thread;
use std::time::{Duration, Instant};

/// Work to time: does it this many times.
pub(crate) type Work = Box<dyn Fn(u64) + Sync>;

/// What one piece of work is.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    /// Threads that do it at once.
    pub(crate) threads: u32,
    /// How many operations one call of the work with 1 stands for.
    pub(crate) operations: u64,
    /// How long a round of one side lasts.
    pub(crate) round: Duration,
}

/// Medians over the rounds; times are nanoseconds an operation.
pub(crate) struct Measured {
    pub(crate) peer: f64,
    pub(crate) ours: f64,
    pub(crate) ratio: f64,
    /// The second-lowest and second-highest ratio of a round.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

pub(crate) fn measure(rounds: usize, unit: Unit, peer: &Work, ours: &Work) -> Measured {
    let (peer_times, our_times) = (times(unit, peer), times(unit, ours));
    let mut peers = Vec::new();
    let mut all_ours = Vec::new();
    let mut ratios = Vec::new();
    for round in 0..rounds {
        // Who goes first changes from round to round, so that no side always has the warm cache.
        let (p, o) = if round % 2 == 0 {
            let p = time(unit, peer_times, peer);
            (p, time(unit, our_times, ours))
        } else {
            let o = time(unit, our_times, ours);
            (time(unit, peer_times, peer), o)
        };
        peers.push(p);
        all_ours.push(o);
        ratios.push(o / p);
    }
    ratios.sort_by(f64::total_cmp);
    Measured {
        peer: median(peers),
        ours: median(all_ours),
        low: ratios[1],
        high: ratios[rounds - 2],
        ratio: median(ratios),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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
