//! The tables of `docs/performance.md`.

use std::fmt::Write;
use std::process::Command;
use std::{fs, thread};

use crate::cases::Table;
use crate::row::{Cell, Row, Spread, time};

/// All tables of these rows, in Markdown, with the date and the machine.
pub(crate) fn tables(rows: &[Row], quick: bool) -> String {
    let (date, machine) = (date(), machine());
    let few = if quick { ", with few rounds" } else { "" };
    let mut text = format!("Measured on {date} on {machine}{few}.\n\n");
    text.push_str(
        "The first column of numbers shows the processor time of one operation. The other columns show ratios to\n\
         this time; lower is faster. Each ratio is the median of several rounds, in which the libraries take turns.\n\
         Parentheses contain the range of the ratios, excluding the lowest and the highest one.\n",
    );
    for table in [Table::Libraries, Table::Layers] {
        let of: Vec<_> = rows.iter().filter(|row| row.table == table).collect();
        text.push_str(&columns(&of));
    }
    let ours: Vec<_> = rows.iter().filter(|row| row.table == Table::Ours).collect();
    text.push_str(&lines(&ours));
    if rows.iter().flat_map(|row| &row.cells).any(|cell| cell.waited.is_some()) {
        text.push_str(
            "\n† The threads did not run at the same time, because they waited for a lock or a processor.\n",
        );
    }
    text
}

/// A table with a line for each library or variant.
fn lines(rows: &[&Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text =
        "\nIn the next table, each ratio compares a line with the first line of its group.\n"
            .to_owned();
    text.push_str("\n| what | variant | time | ratio |\n|---|---|--:|--:|\n");
    for row in rows {
        for (place, cell) in row.cells.iter().enumerate() {
            let what = if place == 0 { &row.what } else { "" };
            let (name, cpu) = (&cell.name, time(cell.cpu));
            let ratio = if place == 0 { "1".to_owned() } else { ranged(&cell.ratio) };
            writeln!(text, "| {what} | {name} | {cpu}{} | {ratio} |", mark(cell)).expect("room");
        }
    }
    text
}

/// A table with a column for each library or variant. The fastest one of a row is bold.
fn columns(rows: &[&Row]) -> String {
    let Some(widest) = rows.iter().max_by_key(|row| row.cells.len()) else {
        return String::new();
    };
    let names: Vec<_> = widest.cells.iter().map(|cell| cell.name.as_str()).collect();
    let mut text =
        format!("\n| what | {} |\n|---|{}\n", names.join(" | "), "--:|".repeat(names.len()));
    for row in rows {
        write!(text, "| {} |", row.what).expect("room");
        let fastest = row.cells.iter().map(|cell| cell.ratio.median).fold(f64::INFINITY, f64::min);
        for name in &names {
            let cell = row.cells.iter().enumerate().find(|(_, cell)| cell.name == *name);
            let shown = cell.map_or("–".to_owned(), |(place, cell)| shown(place, cell, fastest));
            write!(text, " {shown} |").expect("room");
        }
        text.push('\n');
    }
    text
}

fn shown(place: usize, cell: &Cell, fastest: f64) -> String {
    let shown = match place {
        0 => time(cell.cpu),
        _ if cell.name.starts_with("caracal") => ranged(&cell.ratio),
        _ => format!("{:.2}", cell.ratio.median),
    };
    let bold = if cell.ratio.median <= fastest { "**" } else { "" };
    format!("{bold}{shown}{bold}{}", mark(cell))
}

/// Refers to the footnote if the threads did not run at the same time.
fn mark(cell: &Cell) -> &'static str {
    if cell.waited.is_some() { " †" } else { "" }
}

fn ranged(ratio: &Spread) -> String {
    let Spread { median, low, high } = ratio;
    format!("{median:.2} ({low:.2}–{high:.2})")
}

fn date() -> String {
    let output = Command::new("date").arg("+%F").output();
    let date = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    date.unwrap_or_else(|_| "an unknown date".to_owned())
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    format!("{cores} logical processors ({model})")
}
