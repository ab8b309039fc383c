//! Many threads on one breaker, tens of thousands of times. At rest, all numbers must be exact.

mod common;

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use caracal_breaker::{BreakerObserver, BuiltBreaker};
use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use caracal_metrics_core::MetricsRegistry;
use common::{Naive, Page, Policy, TRANSITIONS, real_state, trip_at_once};
use failsafe::{CircuitBreaker, FailurePolicy};

const THREADS: RangeInclusive<usize> = 2..=16;
const BACKOFFS_US: [u64; 5] = [0, 100, 500, 1_000, 2_000];
/// The number of breakers in one round. They wait for their backoffs together.
const BREAKERS: usize = 48;
const ROUNDS: usize = 8;
/// How often all threads go through the breakers, with a backoff in between.
const PHASES: u64 = 4;
const OPERATIONS: u64 = 3;

/// Yields while failsafe's lock is held, so that other threads queue for it. The next one then comes
/// exactly when a callback is due.
struct Crowded(Policy);

impl FailurePolicy for Crowded {
    fn record_success(&mut self) {
        self.0.record_success();
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        thread::yield_now();
        self.0.mark_dead_on_failure()
    }

    fn revived(&mut self) {
        thread::yield_now();
        self.0.revived();
    }
}

struct Trial {
    name: String,
    breaker: BuiltBreaker<Crowded, Naive>,
    naive: Naive,
}

#[test]
fn at_rest_the_gauge_is_right_and_the_transitions_are_a_legal_walk() {
    let began = Instant::now();
    let mut trials = 0;
    let mut wrong = Vec::new();
    let mut naive_wrong = 0;
    for threads in THREADS {
        for backoff in BACKOFFS_US {
            for resets in [false, true] {
                let seed = (threads as u64) << 32 | backoff << 1 | u64::from(resets);
                storm(threads, Duration::from_micros(backoff), resets, seed, |trial, page| {
                    trials += 1;
                    if let Err(what) = check(trial, page, resets) {
                        wrong.push(format!(
                            "{threads} threads, {backoff} us, resets: {resets}: {what}"
                        ));
                    }
                    let naive = trial.naive.0.gauge.load(SeqCst);
                    naive_wrong += u32::from(naive != real_state(trial.breaker.inner()) as i64);
                });
            }
        }
    }
    println!(
        "{trials} trials in {:?}: {} wrong; a gauge set from the callbacks: {naive_wrong} wrong",
        began.elapsed(),
        wrong.len(),
    );
    assert!(trials >= 50_000, "only {trials} trials");
    assert!(
        wrong.is_empty(),
        "{} of {trials} trials are wrong, first {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
}

/// Runs the rounds of one setting. Passes each trial on when its breaker is at rest.
fn storm(
    threads: usize,
    backoff: Duration,
    resets: bool,
    seed: u64,
    mut at_rest: impl FnMut(&Trial, &Page),
) {
    let metrics = MetricsRegistry::new();
    let barrier = Barrier::new(threads + 1);
    let round: Mutex<Vec<Trial>> = Mutex::default();
    thread::scope(|scope| {
        for thread in 0..threads {
            let (barrier, round) = (&barrier, &round);
            scope.spawn(move || {
                let mut random = Random(seed ^ (thread as u64) << 48);
                for _ in 0..ROUNDS {
                    barrier.wait();
                    let breakers: Vec<_> = {
                        let round = round.lock().unwrap_or_else(PoisonError::into_inner);
                        round.iter().map(|trial| trial.breaker.clone()).collect()
                    };
                    for _ in 0..PHASES {
                        barrier.wait();
                        for breaker in &breakers {
                            for _ in 0..OPERATIONS {
                                operate(breaker, resets, random.next());
                            }
                        }
                        barrier.wait();
                    }
                    drop(breakers);
                    barrier.wait();
                }
            });
        }
        for _ in 0..ROUNDS {
            *round.lock().unwrap_or_else(PoisonError::into_inner) =
                (0..BREAKERS).map(|index| trial(index, backoff, &metrics)).collect();
            barrier.wait();
            for _ in 0..PHASES {
                barrier.wait();
                barrier.wait();
                thread::sleep(backoff);
            }
            barrier.wait();
            let round = std::mem::take(&mut *round.lock().unwrap_or_else(PoisonError::into_inner));
            let page = Page::scrape(&metrics);
            for trial in &round {
                at_rest(trial, &page);
            }
            drop(round);
            assert_eq!(Page::scrape(&metrics).len(), 0, "series outlive breakers");
        }
    });
}

fn trial(index: usize, backoff: Duration, metrics: &MetricsRegistry) -> Trial {
    let name = format!("breaker-{index}");
    let naive = Naive::default();
    let breaker = BreakerObserver::new(&name)
        .build(Crowded(trip_at_once(backoff)), naive.clone(), metrics)
        .expect("the name was freed with the round before");
    Trial { name, breaker, naive }
}

fn operate(breaker: &BuiltBreaker<Crowded, Naive>, resets: bool, random: u64) {
    // Half of the calls take some time, so that they end in a different state than the one in which
    // they began.
    let work = || {
        if random & 0x100 != 0 {
            thread::yield_now();
        }
    };
    // The result of a rejected call does not matter here.
    match random % 16 {
        0 | 1 if resets => breaker.reset(),
        2..=8 => drop(breaker.call(|| {
            work();
            Err::<(), _>(())
        })),
        _ => drop(breaker.call(|| {
            work();
            Ok::<_, ()>(())
        })),
    }
}

fn check(trial: &Trial, page: &Page, resets: bool) -> Result<(), String> {
    let real = real_state(trial.breaker.inner());
    let gauge = page.state(&trial.name);
    if gauge != Some(real as i64) {
        return Err(format!("the gauge is {gauge:?}, the breaker is {real}"));
    }
    let walk = page.walk(&trial.name);
    let entries = |state| count(walk, |_, to| to == state);
    let exits = |state| count(walk, |from, _| from == state);
    for state in [Closed, Open, HalfOpen] {
        let demanded = i64::from(real == state) - i64::from(state == Closed);
        if entries(state) - exits(state) != demanded {
            return Err(format!("{walk:?} is no walk from closed to {real}"));
        }
    }
    // failsafe calls back once for each transition, and once when it creates a breaker. Only the order
    // has no meaning.
    let callbacks = &trial.naive.0;
    let opened = callbacks.opened.load(SeqCst);
    let half_opened = callbacks.half_opened.load(SeqCst);
    let closed = callbacks.closed.load(SeqCst) - 1;
    // A reset that overtakes the half-open callback counts as a reset of the open breaker.
    let overtaken = half_opened - entries(HalfOpen);
    let explained = if resets { 0..=walk[4] } else { 0..=0 };
    if entries(Open) != opened || entries(Closed) != closed || !explained.contains(&overtaken) {
        return Err(format!(
            "{walk:?} counted; {opened} opened, {half_opened} half-opened, {closed} closed"
        ));
    }
    Ok(())
}

fn count(walk: [i64; 5], wanted: impl Fn(CircuitBreakerState, CircuitBreakerState) -> bool) -> i64 {
    TRANSITIONS
        .into_iter()
        .zip(walk)
        .filter(|((from, to), _)| wanted(*from, *to))
        .map(|(_, count)| count)
        .sum()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
