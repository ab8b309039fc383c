//! The memory of idle series, and the allocations for a page of them. This is a separate binary,
//! because the counting allocator would slow down the measurements of the other one.

#[path = "../peers/mod.rs"]
#[expect(dead_code, reason = "shared with the timings, which need the rest")]
mod peers;

use std::alloc::System;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use caracal_bridge::RecorderExt;
use caracal_metrics_core::{Format, MetricsRegistry};
use metrics::{Recorder, counter};
use metrics_exporter_prometheus::PrometheusBuilder;
use peers::PEERS;
use peers::caracal::unlimited;
use peers::names::{short, uuid};
use peers::peer::{Page, SERIES, Work};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MANY: u64 = 1_000_000;
const METHOD: &str = "jwt";

/// The names of the million series.
type Name = (&'static str, fn(u64) -> String);
const NAMES: [Name; 2] = [("short", short), ("UUID", uuid)];

fn main() -> Result<()> {
    if let Some(kind) = env::args().nth(1) {
        if let Some((_, flood)) = FLOODS.iter().find(|(name, _)| *name == kind) {
            println!("| {kind} | {:.1} |", flood());
            return Ok(());
        }
        let name = NAMES.iter().find(|(of, _)| *of == kind).context("there is no such name")?;
        return a_million(*name);
    }
    println!(
        "\nMemory per series in a registry with 10,000 series, and the number of allocations for writing the page:\n"
    );
    println!(
        "| | counter, bytes | histogram, bytes | counters, allocations | histograms, allocations |"
    );
    println!("|---|--:|--:|--:|--:|");
    let pages =
        |peer: &peers::peer::Peer| Some((peer.name, peer.counters_page?, peer.histograms_page?));
    for (name, counters, histograms) in PEERS.iter().filter_map(pages) {
        let (counter, counters) = series_and_page(counters);
        let (histogram, histograms) = series_and_page(histograms);
        println!("| {name} | {counter:.0} | {histogram:.0} | {counters} | {histograms} |");
    }
    println!(
        "\nThe next table shows the memory of a Caracal registry with 1,000,000 counters, in MB.\n"
    );
    println!(
        "*Label text* is the size of all label values. *Series* is the memory that the registry takes after all counters have\n\
         been recorded, including the label text. *Kept for pages* is the additional memory that the registry keeps after the\n\
         first page; a negative number means that the registry freed memory. *Page* is the size of the page. The last column\n\
         shows how much higher the peak memory of the process was after a second page with one new series than before the\n\
         registry was filled.\n"
    );
    println!(
        "| label | label text | series | kept for pages | page | peak of a page with one new series |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for (kind, _) in NAMES {
        alone(kind)?;
    }
    println!(
        "\nMemory after a flood of 1,000,000 label sets through the `metrics` facade, in MB:\n"
    );
    println!("| | memory |\n|---|--:|");
    for (recorder, _) in FLOODS {
        alone(recorder)?;
    }
    Ok(())
}

/// Runs in a separate process, so that no other work has raised the peak.
fn alone(what: &str) -> Result<()> {
    let output = Command::new(env::current_exe()?).arg(what).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    print!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// A recorder, and the megabytes that remain after a flood.
type Flood = (&'static str, fn() -> f64);
const FLOODS: [Flood; 2] = [
    ("metrics-exporter-prometheus", || flood(&PrometheusBuilder::new().build_recorder())),
    ("caracal-bridge", || flood(&MetricsRegistry::new().recorder())),
];

/// Records a counter of a million label sets.
fn flood(recorder: &dyn Recorder) -> f64 {
    let region = Region::new(ALLOCATOR);
    metrics::with_local_recorder(recorder, || {
        for number in 0..MANY {
            counter!("requests", "user" => uuid(number)).increment(1);
        }
    });
    bytes(&region) / 1e6
}

/// The bytes of a series, and the number of allocations for a page.
fn series_and_page(make: fn(Page) -> Work) -> (f64, usize) {
    let region = Region::new(ALLOCATOR);
    let page = make(Page { series: SERIES, growing: false });
    let bytes = bytes(&region) / SERIES as f64;
    // The first page may allocate buffers that later pages use.
    page(2);
    let region = Region::new(ALLOCATOR);
    page(1);
    (bytes, region.change().allocations)
}

fn a_million((kind, name): Name) -> Result<()> {
    let text = (0..MANY).map(|number| (METHOD.len() + name(number).len()) as f64).sum::<f64>();
    let before = peak()?;
    let metrics = unlimited();
    let mut region = Region::new(ALLOCATOR);
    record(&metrics, 0..MANY, name);
    let series = bytes(&region);
    region.reset();
    let mut page = Vec::new();
    metrics.encode(Format::Text, &mut page);
    let kept = bytes(&region) - page.capacity() as f64;
    record(&metrics, MANY..MANY + 1, name);
    page.clear();
    metrics.encode(Format::Text, &mut page);
    let peak = peak()? - before;
    let [text, series, kept, page, peak] =
        [text, series, kept, page.len() as f64, peak].map(|bytes| bytes / 1e6);
    println!("| {kind} | {text:.0} | {series:.0} | {kept:.0} | {page:.0} | {peak:.0} |");
    Ok(())
}

fn record(metrics: &MetricsRegistry, numbers: std::ops::Range<u64>, name: fn(u64) -> String) {
    for number in numbers {
        metrics.record_auth_failure(METHOD, &name(number));
    }
}

/// The bytes that were allocated and not freed.
fn bytes(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}

/// The peak memory of the process, in bytes.
fn peak() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: f64 = line.context("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024.0)
}
