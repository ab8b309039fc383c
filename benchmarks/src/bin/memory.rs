//! What series cost at rest, and what a page of them allocates. A binary of its own, since an
//! allocator that counts would slow down what the other one measures.

#[path = "../peers/mod.rs"]
#[expect(dead_code, reason = "shared with the timings, which need the rest")]
mod peers;

use std::alloc::System;

use caracal_metrics_core::MetricsRegistry;
use peers::PEERS;
use peers::peer::SERIES;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MANY: u64 = 1_000_000;
const METHOD: &str = "jwt";

fn main() {
    println!("\nmemory of 10k series, a series, and allocations of a page of them\n");
    println!("| | counter, bytes | histogram, bytes | counters' page | histograms' page |");
    println!("|---|--:|--:|--:|--:|");
    for peer in PEERS {
        let region = Region::new(ALLOCATOR);
        let counters = (peer.counters_page)();
        let counter_bytes = bytes(&region) / SERIES as f64;
        let region = Region::new(ALLOCATOR);
        let histograms = (peer.histograms_page)();
        let histogram_bytes = bytes(&region) / SERIES as f64;
        let pages = [&counters, &histograms].map(|page| {
            // The first page may set aside what later ones use.
            page(2);
            let region = Region::new(ALLOCATOR);
            page(1);
            let one = region.change().allocations;
            let region = Region::new(ALLOCATOR);
            page(2);
            // A page more, without what the call itself costs.
            region.change().allocations - one
        });
        let [counters, histograms] = pages;
        let name = peer.name;
        println!(
            "| {name} | {counter_bytes:.0} | {histogram_bytes:.0} | {counters} | {histograms} |"
        );
    }
    println!("\na million counters of ours, beside their label text, each:");
    for (kind, name) in [("short", short as fn(u64) -> String), ("36 characters", long)] {
        let text = (0..MANY).map(|number| (METHOD.len() + name(number).len()) as f64).sum::<f64>();
        let metrics = MetricsRegistry::builder().max_series_per_family(usize::MAX).build();
        let metrics = metrics.expect("valid settings");
        let region = Region::new(ALLOCATOR);
        for number in 0..MANY {
            metrics.record_auth_failure(METHOD, &name(number));
        }
        let a_series = (bytes(&region) - text) / MANY as f64;
        println!("{a_series:.0} bytes ({kind})");
    }
}

fn short(number: u64) -> String {
    format!("reason-{number}")
}

/// As long as a UUID.
fn long(number: u64) -> String {
    format!("{number:036}")
}

/// What was allocated and not given back.
fn bytes(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}
