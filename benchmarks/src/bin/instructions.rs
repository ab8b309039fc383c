//! The instructions of a record. Unlike its time, they are nearly the same in every run. They do not
//! show how many instructions a processor executes at once, or how long it waits for memory.

#[path = "../facade.rs"]
mod facade;
#[path = "../layers.rs"]
mod layers;
#[path = "../native.rs"]
mod native;
#[path = "../native_peers.rs"]
mod native_peers;
#[path = "../peers/mod.rs"]
#[expect(dead_code, reason = "shared with the timings, which need the rest")]
mod peers;

use std::env;
use std::hint::black_box;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use caracal_metrics_core::CircuitBreakerState::{self, Closed, Open};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, Format, MetricsRegistry, PolicyDecisionType, labels,
};
use native::Buckets;
use peers::caracal::{count, observe, unlimited};
use peers::peer::{Work, repeat};
use peers::{CARACAL, PEERS, RECORDS};

const TIMES: u64 = 10_000;

const LAYER: &str = "axum layer, beyond a layer that does nothing";
const WITHOUT: &str = "without";

/// The names of [`Buckets`], as arguments of the process that counts.
const CLASSIC: &str = "classic";
const NATIVE: &str = "native";

const OWN: &str = "counter, 3 labels by value: catalogue or custom family";

/// The owner of the family, and the work that records into it.
type Owner = (&'static str, fn() -> Work);
const OWNERS: [Owner; 2] = [("catalogue", CARACAL.counter), ("custom", own_counter)];

labels! {
    /// The same labels as those of the catalogue's counter.
    struct Change<'a> {
        name: &'a str,
        from_state: CircuitBreakerState,
        to_state: CircuitBreakerState,
    }
}

static CHANGES: Family<Counter, Change<'_>> = Family::counter("changes_total", "Changes of state.");

/// The recorders for the `metrics` facade.
const FACADE: [&str; 2] = ["metrics-exporter-prometheus", "caracal-bridge"];

/// Records into custom families, and into the catalogue with changing label sets.
type Case = (&'static str, fn() -> Work);
const CASES: [Case; 15] = [
    ("policy evaluation, 1 short id", || evaluations(ids(1, short))),
    ("policy evaluation, 40 short ids", || evaluations(ids(40, short))),
    ("policy evaluation, 10,000 short ids", || evaluations(ids(10_000, short))),
    ("policy evaluation, 40 UUIDs", || evaluations(ids(40, uuid))),
    ("policy evaluation, 10,000 UUIDs", || evaluations(ids(10_000, uuid))),
    ("custom counter, 40 short values", || own_counters(ids(40, short))),
    ("custom histogram, an enum and 40 short values", || own_durations(ids(40, short))),
    ("two open labels, short", || failures(ids(1, short))),
    ("two open labels, 40 UUIDs", || failures(ids(40, uuid))),
    ("two open labels, 10,000 UUIDs", || failures(ids(10_000, uuid))),
    ("a record past the series limit", past_the_limit),
    ("page of counters, text, per series", || page(Format::Text, count)),
    ("page of counters, protobuf, per series", || page(Format::Protobuf, count)),
    ("page of histograms, text, per series", || page(Format::Text, observe)),
    ("page of histograms, protobuf, per series", || page(Format::Protobuf, observe)),
];

const TOOK: Duration = Duration::from_millis(37);

labels! {
    /// The same labels as those of the duration of a query in the catalogue.
    struct Step<'a> { from_state: CircuitBreakerState, name: &'a str }
}

static STEPS: Family<DurationHistogram, Step<'_>> =
    Family::duration_histogram("step_duration_seconds", "Time of a step.").buckets(&[
        Duration::from_millis(5),
        Duration::from_millis(25),
        Duration::from_millis(100),
        Duration::from_secs(1),
    ]);

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [row, name, threads] = &arguments[..] {
        return on_threads(row, name, threads.parse()?);
    }
    if let [row, name] = &arguments[..] {
        let work = work(row, name).context("there is no such work")?;
        // The first run is not counted, because it allocates.
        work(TIMES);
        counted_by_callgrind(&work);
        return Ok(());
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!(
            "Instructions are not counted: valgrind is missing. On Debian, install the package `valgrind`."
        );
        return Ok(());
    }
    for (row, _) in RECORDS {
        println!("\n{row}\n\n| | instructions |\n|---|--:|");
        for peer in PEERS {
            println!("| {} | {} |", peer.name, instructions(row, peer.name)?);
        }
    }
    println!("\n{OWN}\n\n| | instructions |\n|---|--:|");
    for (name, _) in OWNERS {
        println!("| {name} | {} |", instructions(OWN, name)?);
    }
    for (row, ..) in facade::ROWS {
        println!("\n{row}\n\n| | instructions |\n|---|--:|");
        for name in FACADE {
            println!("| {name} | {} |", instructions(row, name)?);
        }
    }
    println!("\n| ours | instructions |\n|---|--:|");
    for (name, _) in CASES {
        println!("| {name} | {} |", instructions(name, "")?);
    }
    for threads in [1, 2] {
        println!("\n| histograms, {threads} threads | classic | native |\n|---|--:|--:|");
        for (row, _) in native::ROWS {
            let count = |buckets| instructions_on(&[row, buckets, &threads.to_string()], threads);
            println!("| {row} | {} | {} |", count(CLASSIC)?, count(NATIVE)?);
        }
    }
    println!("\n{LAYER}\n\n| | instructions |\n|---|--:|");
    let without = instructions(LAYER, WITHOUT)?;
    for (name, _) in layers::works() {
        println!("| {name} | {} |", instructions(LAYER, name)?.saturating_sub(without));
    }
    Ok(())
}

/// Records into a custom family what the row of the catalogue's counter records.
fn own_counter() -> Work {
    let changes = MetricsRegistry::new().family(&CHANGES).expect("a free name");
    repeat(move || {
        let name = black_box("database");
        let (from_state, to_state) = (black_box(Closed), black_box(Open));
        changes.inc(Change { name, from_state, to_state });
    })
}

fn short(number: u64) -> String {
    format!("agent-{number}")
}

fn uuid(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{number:04x}-4000-8000-{mixed:012x}",
        mixed >> 32,
        mixed = mixed & ((1 << 48) - 1)
    )
}

fn ids(count: u64, id: fn(u64) -> String) -> Vec<String> {
    (0..count).map(id).collect()
}

/// Records the ids in turn.
fn in_rotation(ids: Vec<String>, record: impl Fn(&str) + Send + Sync + 'static) -> Work {
    Work::new(move |times| {
        for id in ids.iter().cycle().take(times as usize) {
            record(black_box(id));
        }
    })
}

fn evaluations(ids: Vec<String>) -> Work {
    let metrics = MetricsRegistry::new();
    in_rotation(ids, move |id| {
        let decision = black_box(PolicyDecisionType::Allowed);
        metrics.record_policy_evaluation(decision, id, black_box(TOOK));
    })
}

fn own_counters(ids: Vec<String>) -> Work {
    let changes = MetricsRegistry::new().family(&CHANGES).expect("a free name");
    in_rotation(ids, move |name| {
        let (from_state, to_state) = (black_box(Closed), black_box(Open));
        changes.inc(Change { name, from_state, to_state });
    })
}

fn own_durations(ids: Vec<String>) -> Work {
    let steps = MetricsRegistry::new().family(&STEPS).expect("a free name");
    in_rotation(ids, move |name| {
        steps.observe(Step { from_state: black_box(Closed), name }, black_box(TOOK));
    })
}

fn failures(ids: Vec<String>) -> Work {
    let metrics = MetricsRegistry::new();
    in_rotation(ids, move |id| metrics.record_auth_failure(black_box("jwt"), id))
}

fn past_the_limit() -> Work {
    let metrics = MetricsRegistry::builder().max_series_per_family(10).build();
    let metrics = metrics.expect("a limit that may be chosen");
    in_rotation(ids(10_000, short), move |id| metrics.record_replay_block(id))
}

/// One page with as many series as there are repetitions of the work.
fn page<R: Fn(u64)>(format: Format, make: fn(&MetricsRegistry) -> R) -> Work {
    let metrics = unlimited();
    (0..TIMES).for_each(make(&metrics));
    let page = Mutex::new(Vec::new());
    Work::new(move |_| {
        let mut page = page.lock().expect("no panic");
        page.clear();
        metrics.encode(format, &mut page);
    })
}

fn work(row: &str, name: &str) -> Option<Work> {
    if let Some((_, make)) = CASES.iter().find(|(of, _)| *of == row) {
        return Some(make());
    }
    if row == LAYER {
        let works = layers::works().into_iter().chain([(WITHOUT, layers::without())]);
        return works.into_iter().find_map(|(of, work)| (of == name).then_some(work));
    }
    if row == OWN {
        return OWNERS.iter().find(|(of, _)| *of == name).map(|(_, make)| make());
    }
    if let Some((_, sample, record)) = facade::ROWS.iter().find(|(of, ..)| *of == row) {
        let works = facade::works(sample, *record);
        return works.into_iter().find_map(|(of, work)| (of == name).then_some(work));
    }
    let (_, make) = RECORDS.iter().find(|(what, _)| *what == row)?;
    PEERS.iter().find(|peer| peer.name == name).map(make)
}

/// Runs a row of histograms on this number of threads at once, all in the same histograms.
fn on_threads(row: &str, buckets: &str, threads: u64) -> Result<()> {
    let (_, make) = native::ROWS.iter().find(|(of, _)| *of == row).context("no such row")?;
    let work = make(match buckets {
        CLASSIC => Buckets::Classic,
        NATIVE => Buckets::Native,
        _ => bail!("no such buckets"),
    });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                work(TIMES);
                counted_by_callgrind(&work);
            });
        }
    });
    Ok(())
}

#[inline(never)]
fn counted_by_callgrind(work: &Work) {
    work(TIMES);
}

/// The instructions of one repetition.
fn instructions(row: &str, name: &str) -> Result<u64> {
    instructions_on(&[row, name], 1)
}

/// Like [`instructions`], for a process with these arguments that counts on this number of threads.
fn instructions_on(arguments: &[&str], threads: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*counted_by_callgrind*")
        .arg(env::current_exe()?)
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let collected: u64 = collected.context("callgrind printed no number")?.1.trim().parse()?;
    ensure!(collected > 0, "callgrind did not find `counted_by_callgrind`");
    Ok(collected / TIMES / threads)
}
