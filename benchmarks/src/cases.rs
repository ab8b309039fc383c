//! The rows of the table.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::peers::peer::{Peer, SERIES, Work};
use crate::peers::{PEERS, RECORDS, Row};
use crate::rounds::Unit;
use crate::{growth, layers};

pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    /// Who does it, the one that the others are compared with first, ours last.
    pub(crate) works: Vec<(&'static str, Work)>,
    /// What is taken off each: what is there without any of them.
    pub(crate) without: Option<Work>,
}

const PAGES: [Row; 2] = [
    ("page of 10k counters, a series", |peer| (peer.counters_page)()),
    ("page of 10k histograms, a series (ours: and 10k counters)", |peer| (peer.histograms_page)()),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        for (what, work) in RECORDS {
            let plural = if threads == 1 { "" } else { "s" };
            let what = format!("{what}, {threads} thread{plural}");
            let round = Duration::from_millis(10);
            cases.push(case(what, Unit { threads, operations: 1, round }, work));
        }
    }
    for (what, work) in PAGES {
        let round = Duration::from_millis(60);
        let unit = Unit { threads: 1, operations: SERIES, round };
        cases.push(case(what.to_owned(), unit, work));
    }
    let round = Duration::from_millis(10);
    cases.push(Case {
        what: "counter, 2 labels by value, among other series of its family".to_owned(),
        unit: Unit { threads: 1, operations: growth::RECORDED.len() as u64, round },
        works: growth::works(),
        without: None,
    });
    cases.push(Case {
        what: "two readings of a clock".to_owned(),
        unit: Unit { threads: 1, operations: 1, round },
        works: clocks(),
        without: None,
    });
    cases.push(Case {
        what: "axum layer, beyond one that does nothing".to_owned(),
        unit: Unit { threads: 1, operations: 1, round: Duration::from_millis(20) },
        works: layers::works(),
        without: Some(layers::without()),
    });
    cases
}

fn case(what: String, unit: Unit, work: fn(&Peer) -> Work) -> Case {
    let works = PEERS.iter().map(|peer| (peer.name, work(peer))).collect();
    Case { what, unit, works, without: None }
}

/// The clock that we use is the first: the second costs less, but has to be calibrated when the
/// process starts, and goes wrong when a virtual machine moves to another host.
fn clocks() -> Vec<(&'static str, Work)> {
    fn twice<T>(now: impl Fn() -> T + Sync + 'static) -> Work {
        Box::new(move |times| {
            for _ in 0..times {
                black_box((now(), now()));
            }
        })
    }
    let tsc = quanta::Clock::new();
    vec![
        ("std::time::Instant", twice(Instant::now)),
        ("quanta::Clock::raw", twice(move || tsc.raw())),
    ]
}
