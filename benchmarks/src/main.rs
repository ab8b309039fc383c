//! Recording and scraping beside the `prometheus` crate, as ratios taken in alternating rounds of
//! one run: on a shared machine absolute times say little, and are printed for orientation only.
//!
//! `cargo xtask bench` runs it; `--quick` takes fewer rounds.

mod cases;
mod rounds;

use cases::{Case, cases};
use rounds::{Measured, measure};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 9 } else { 41 };
    println!("| what | prometheus, ns | ours, ns | ours / prometheus | spread |");
    println!("|---|--:|--:|--:|--:|");
    for Case { what, unit, peer, ours } in cases() {
        let Measured { peer, ours, ratio, low, high } = measure(rounds, unit, &peer, &ours);
        println!("| {what} | {peer:.1} | {ours:.1} | {ratio:.3} | {low:.3} to {high:.3} |");
    }
}
