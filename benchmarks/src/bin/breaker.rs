//! The cost of observing a circuit breaker: a call through the wrapper, compared with a call of the
//! bare breaker.
//!
//! Instructions come from callgrind, which other load on the machine does not affect. Nanoseconds are
//! medians of rounds that alternate between the variants. The program ends with an error if observing a
//! call costs more than the budget.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::iter;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use caracal_breaker::BreakerObserver;
use caracal_metrics_core::MetricsRegistry;
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{CircuitBreaker, StateMachine};

/// The maximum cost of observing a call.
const BUDGET_NS: f64 = 20.0;
const CALLS: u64 = 1_000_000;
const ROUNDS: usize = 41;

type Failure = Box<dyn Error>;

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [kind, calls] = arguments.as_slice() {
        let calls = calls.parse()?;
        // callgrind measures this part.
        with_breakers(|breakers| {
            let breaker = breakers.iter().find(|(name, _)| name == kind);
            breaker.map(|(_, run)| run(calls)).ok_or("no such breaker")
        })??;
        return Ok(ExitCode::SUCCESS);
    }
    instructions()?;
    let cost = nanoseconds()?;
    if cost > BUDGET_NS {
        eprintln!("observing a call costs {cost:.1} ns, more than {BUDGET_NS} ns");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

const KINDS: [&str; 3] = ["bare", "built", "wrapped"];

type Run<'a> = (&'static str, Box<dyn Fn(u64) + 'a>);

fn with_breakers<R>(f: impl FnOnce(&[Run<'_>]) -> R) -> Result<R, Failure> {
    let metrics = MetricsRegistry::new();
    let bare = StateMachine::new(policy(), ());
    let built = BreakerObserver::new("built").build(policy(), (), &metrics)?;
    let existing = StateMachine::new(policy(), ());
    let wrapped = BreakerObserver::new("wrapped").wrap(existing, &metrics)?;
    let [a, b, c] = KINDS;
    let runs: [Run<'_>; 3] = [
        (a, Box::new(move |calls| call(&bare, calls))),
        (b, Box::new(move |calls| call(&built, calls))),
        (c, Box::new(move |calls| call(&wrapped, calls))),
    ];
    Ok(f(&runs))
}

fn policy() -> ConsecutiveFailures<iter::Repeat<Duration>> {
    consecutive_failures(3, iter::repeat(Duration::from_hours(1)))
}

fn call(breaker: &impl CircuitBreaker, calls: u64) {
    for index in 0..calls {
        let _ = black_box(breaker.call(|| Ok::<_, ()>(black_box(index))));
    }
}

/// Prints the instructions of a call, without the set-up.
fn instructions() -> Result<(), Failure> {
    let mut bare = 0;
    for kind in KINDS {
        let (few, many) = (collected(kind, 1_000)?, collected(kind, 101_000)?);
        let (Some(few), Some(many)) = (few, many) else {
            println!("instructions: valgrind is not installed");
            return Ok(());
        };
        let each = many.saturating_sub(few) / 100_000;
        if kind == KINDS[0] {
            bare = each;
        }
        let ratio = each as f64 / bare as f64;
        println!("instructions, {kind}: {each} a call, ratio {ratio:.2}");
    }
    Ok(())
}

/// The instructions that callgrind counts for this program with this number of calls.
fn collected(kind: &str, calls: u64) -> Result<Option<u64>, Failure> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([kind, &calls.to_string()]);
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .ok_or_else(|| format!("callgrind said: {said}"))?;
    Ok(Some(count.1.trim().parse()?))
}

/// Prints the nanoseconds of a call, from alternating rounds. Returns the overhead of the more
/// expensive way of observing.
fn nanoseconds() -> Result<f64, Failure> {
    let medians = with_breakers(|runs| {
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for ((_, run), times) in runs.iter().zip(&mut times) {
                let began = Instant::now();
                run(CALLS);
                times.push(began.elapsed().as_secs_f64() * 1e9 / CALLS as f64);
            }
        }
        times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
    })?;
    for (kind, median) in KINDS.iter().zip(medians) {
        let ratio = median / medians[0];
        println!("time, {kind}: {median:.1} ns a call, ratio {ratio:.2}");
    }
    Ok(medians[1].max(medians[2]) - medians[0])
}
