//! Recording and scraping, compared with other libraries as ratios in alternating rounds of one run. On
//! a shared machine, absolute times say little. They are printed only for orientation.
//!
//! `cargo xtask bench` runs it. `--quick` takes fewer rounds. `--only WORDS` measures only the rows
//! that contain these words. `--tables FILE` writes the tables to a file, as Markdown.

mod cases;
mod clock;
mod facade;
mod layers;
mod ours;
mod parked;
mod peers;
mod rounds;
mod row;
mod tables;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use cases::{Case, cases};
use rounds::{Measured, Sample, measure};
use row::Row;

/// Measures only the row whose name follows.
const ROW: &str = "--row";

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let after = |option: &str| {
        let place = arguments.iter().position(|argument| argument == option)?;
        arguments.get(place + 1)
    };
    let mut cases = cases();
    if let Some(what) = after(ROW) {
        let case = cases.into_iter().find(|case| case.what == *what);
        print(&measured(case.context("there is no such row")?, quick)?);
        return Ok(());
    }
    cases.retain(|case| !quick || case.unit.effort.quick_rounds > 0);
    if let Some(words) = after("--only") {
        cases.retain(|case| case.what.contains(words.as_str()));
    }
    let (count, mut rows) = (cases.len(), Vec::new());
    for (number, Case { what, table, unit, .. }) in (1..).zip(cases) {
        eprintln!("[{number}/{count}] {what}");
        let processes = if quick { 1 } else { unit.effort.processes };
        let measured = measured_alone(&what, quick, processes).with_context(|| what.clone())?;
        let row = Row::new(what, table, unit.threads, &measured);
        println!("{}", row.details());
        rows.push(row);
    }
    let tables = tables::tables(&rows, quick);
    match after("--tables") {
        Some(file) => fs::write(file, tables).with_context(|| format!("can't write {file}"))?,
        None => println!("\n{tables}"),
    }
    Ok(())
}

/// Measures a row in separate processes, so that no row is affected by what another one has left
/// behind, such as the memory of a million series, or reused words.
fn measured_alone(what: &str, quick: bool, processes: usize) -> Result<Measured> {
    let mut measured = Measured::new();
    for _ in 0..processes {
        let mut command = Command::new(env::current_exe()?);
        command.args([ROW, what]).args(quick.then_some("--quick")).stderr(Stdio::inherit());
        let output = command.output()?;
        ensure!(output.status.success(), "the row failed");
        let more = parsed(&String::from_utf8(output.stdout)?);
        let more = more.context("can't parse the output of the row")?;
        if measured.is_empty() {
            measured = more;
        } else {
            let rounds = measured.iter_mut().zip(more);
            rounds.for_each(|((_, samples), (_, more))| samples.extend(more));
        }
    }
    Ok(measured)
}

/// Prints a line for each library, with its name and the numbers of its rounds.
fn print(measured: &Measured) {
    for (name, samples) in measured {
        let numbers =
            samples.iter().map(|Sample { cpu, wall, ran }| format!("\t{cpu} {wall} {ran}"));
        println!("{name}{}", numbers.collect::<String>());
    }
}

fn parsed(lines: &str) -> Option<Measured> {
    let sample = |numbers: &str| {
        let mut numbers = numbers.split(' ').map(|number| number.parse().ok());
        Some(Sample { cpu: numbers.next()??, wall: numbers.next()??, ran: numbers.next()?? })
    };
    let line = |line: &str| {
        let (name, samples) = line.split_once('\t')?;
        Some((name.to_owned(), samples.split('\t').map(sample).collect::<Option<_>>()?))
    };
    lines.lines().map(line).collect()
}

/// Returns an error if a library has not done the work.
fn measured(case: Case, quick: bool) -> Result<Measured> {
    let Case { unit, make, without, .. } = case;
    let mut works = make();
    works.extend(without.map(|without| ("without", without())));
    let works = Arc::new(works);
    let mut measured = measure(quick, unit, &works);
    for (name, work) in &*works {
        work.prove().with_context(|| (*name).to_owned())?;
    }
    if without.is_some()
        && let Some((_, nothing)) = measured.pop()
    {
        for (_, samples) in &mut measured {
            for (sample, nothing) in samples.iter_mut().zip(&nothing) {
                sample.cpu -= nothing.cpu;
                sample.wall -= nothing.wall;
            }
        }
    }
    Ok(measured)
}
