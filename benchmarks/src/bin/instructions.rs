//! Instructions of a record: unlike its time, nearly the same in every run. It says nothing of how many
//! a processor runs at once, or of what waits for memory.

#[path = "../layers.rs"]
mod layers;
#[path = "../peers/mod.rs"]
#[expect(dead_code, reason = "shared with the timings, which need the rest")]
mod peers;

use std::env;
use std::hint::black_box;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use caracal_metrics_core::CircuitBreakerState::{self, Closed, Open};
use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};
use peers::peer::{Work, repeat};
use peers::{CARACAL, PEERS, RECORDS};

const TIMES: u64 = 10_000;

const LAYER: &str = "axum layer, beyond one that does nothing";
const WITHOUT: &str = "without";

const OWN: &str = "counter, 3 labels by value, whose family it is";

/// Whose family it is, and what records into it.
type Owner = (&'static str, fn() -> Work);
const OWNERS: [Owner; 2] = [("the catalogue's", CARACAL.counter), ("a user's own", own_counter)];

labels! {
    /// The labels that the catalogue's counter has.
    struct Change<'a> {
        name: &'a str,
        from_state: CircuitBreakerState,
        to_state: CircuitBreakerState,
    }
}

static CHANGES: Family<Counter, Change<'_>> = Family::counter("changes_total", "Changes of state.");

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [row, name] = &arguments[..] {
        let work = work(row, name).context("there is no such work")?;
        // What is made at first is not counted.
        work(TIMES);
        counted_by_callgrind(&work);
        return Ok(());
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!(
            "Instructions are not counted: valgrind is missing (Debian has it as `valgrind`)."
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
    println!("\n{LAYER}\n\n| | instructions |\n|---|--:|");
    let without = instructions(LAYER, WITHOUT)?;
    for (name, _) in layers::works() {
        println!("| {name} | {} |", instructions(LAYER, name)?.saturating_sub(without));
    }
    Ok(())
}

/// What the row of the catalogue's counter records, into a family of the user's.
fn own_counter() -> Work {
    let changes = MetricsRegistry::new().family(&CHANGES).expect("a free name");
    repeat(move || {
        let name = black_box("database");
        let (from_state, to_state) = (black_box(Closed), black_box(Open));
        changes.inc(Change { name, from_state, to_state });
    })
}

fn work(row: &str, name: &str) -> Option<Work> {
    if row == LAYER {
        let works = layers::works().into_iter().chain([(WITHOUT, layers::without())]);
        return works.into_iter().find_map(|(of, work)| (of == name).then_some(work));
    }
    if row == OWN {
        return OWNERS.iter().find(|(of, _)| *of == name).map(|(_, make)| make());
    }
    let (_, make) = RECORDS.iter().find(|(what, _)| *what == row)?;
    PEERS.iter().find(|peer| peer.name == name).map(make)
}

#[inline(never)]
fn counted_by_callgrind(work: &Work) {
    work(TIMES);
}

/// Of one repetition.
fn instructions(row: &str, name: &str) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*counted_by_callgrind*")
        .arg(env::current_exe()?)
        .args([row, name])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let collected: u64 = collected.context("callgrind says no number")?.1.trim().parse()?;
    ensure!(collected > 0, "callgrind has not seen `counted_by_callgrind`");
    Ok(collected / TIMES)
}
