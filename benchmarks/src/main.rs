//! Recording and scraping beside other libraries, as ratios taken in alternating rounds of one run: on
//! a shared machine absolute times say little, and are printed for orientation only.
//!
//! `cargo xtask bench` runs it; `--quick` takes fewer rounds.

mod cases;
mod growth;
mod layers;
mod peers;
mod rounds;

use cases::{Case, cases};
use rounds::{measure, median, spread};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 9 } else { 61 };
    for Case { what, unit, works, without } in cases() {
        let (names, mut works): (Vec<_>, Vec<_>) = works.into_iter().unzip();
        let subtracts = without.is_some();
        works.extend(without);
        let mut measured = measure(rounds, unit, &works);
        if subtracts && let Some(nothing) = measured.pop() {
            for times in &mut measured {
                for (time, nothing) in times.iter_mut().zip(&nothing) {
                    *time -= nothing;
                }
            }
        }
        println!("\n{what}\n\n| | ns | ratio | spread |\n|---|--:|--:|--:|");
        for (name, times) in names.iter().zip(&measured) {
            let ratios: Vec<_> =
                times.iter().zip(&measured[0]).map(|(time, first)| time / first).collect();
            let (low, high) = spread(&ratios);
            let (time, ratio) = (median(times), median(&ratios));
            println!("| {name} | {time:.1} | {ratio:.3} | {low:.3} to {high:.3} |");
        }
    }
}
