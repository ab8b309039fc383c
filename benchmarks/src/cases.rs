//! The rows of the tables.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock::Whose;
use crate::facade;
use crate::layers;
use crate::ours::{self, Works};
use crate::peers::caracal::observe;
use crate::peers::names::{Names, Rotation};
use crate::peers::peer::{Page, Peer, SERIES, Work};
use crate::peers::{CARACAL, PEERS, RECORDS};
use crate::rounds::{Effort, Unit};

pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) table: Table,
    pub(crate) unit: Unit,
    /// Creates the work of each library when it is the row's turn. The first one is the one to compare
    /// with.
    pub(crate) make: Box<dyn FnOnce() -> Works>,
    /// Work whose cost is subtracted from each: the part that is needed without any of the libraries.
    pub(crate) without: Option<fn() -> Work>,
}

/// The table that a row belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Ratios to the `prometheus` crate.
    Libraries,
    /// Ratios to prometheus-axum-middleware.
    Layers,
    /// A comparison of two things, both of which are ours unless the row says otherwise.
    Ours,
}

const RECORD: Effort = effort(4_000, 15, 5, 3);
/// Most of the time is spent on starting threads, which is not measured.
const COLD: Effort = effort(200, 15, 5, 3);
const LAYER: Effort = effort(10_000, 15, 5, 3);
const PAGE: Effort = effort(20_000, 5, 3, 3);
const LARGE: Effort = effort(10_000, 9, 3, 1);
/// Takes seconds, and is skipped with `--quick`.
const HUGE: Effort = effort(10_000, 5, 0, 1);

const fn effort(micros: u64, rounds: usize, quick_rounds: usize, processes: usize) -> Effort {
    Effort { processes, round: Duration::from_micros(micros), rounds, quick_rounds }
}

const HERE: Unit =
    Unit { threads: 1, after: 0, cold: 0, operations: 1, whose: Whose::Threads, effort: RECORD };

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = records().collect();
    cases.extend(rotations());
    cases.extend(threads());
    cases.extend(pages());
    cases.extend(layers());
    cases.extend(ours());
    cases
}

fn case(
    what: impl Into<String>,
    table: Table,
    unit: Unit,
    make: impl FnOnce() -> Works + 'static,
) -> Case {
    Case { what: what.into(), table, unit, make: Box::new(make), without: None }
}

/// The work of all libraries.
fn all(work: impl Fn(&Peer) -> Work) -> Works {
    PEERS.iter().map(|peer| (peer.name, work(peer))).collect()
}

fn records() -> impl Iterator<Item = Case> {
    RECORDS.into_iter().map(|(what, work)| case(what, Table::Libraries, HERE, move || all(work)))
}

fn rotations() -> Vec<Case> {
    let row = |what: String, work: fn(&Peer, &Rotation) -> Work, rotation: fn() -> Rotation| {
        case(what, Table::Libraries, HERE, move || {
            let rotation = rotation();
            all(|peer| work(peer, &rotation))
        })
    };
    let policy = |peer: &Peer, rotation: &Rotation| (peer.policy)(rotation);
    let two_open = |peer: &Peer, rotation: &Rotation| (peer.two_open)(rotation);
    let name = |names: &str| format!("policy evaluation, {names}");
    let open = |names: &str| format!("counter, 2 open labels, {names}");
    vec![
        row(name("40 short agent ids"), policy, || Rotation::of(Names::short(40))),
        row(name("1,000 short agent ids"), policy, || Rotation::of(Names::short(1_000))),
        row(name("10,000 short agent ids"), policy, || Rotation::of(Names::short(10_000))),
        row(name("40 UUIDs"), policy, || Rotation::of(Names::uuids(40))),
        row(name("1,000 UUIDs"), policy, || Rotation::of(Names::uuids(1_000))),
        row(name("10,000 UUIDs"), policy, || Rotation::of(Names::uuids(10_000))),
        row(open("40 short"), two_open, || Rotation::of(Names::short(40))),
        row(open("10,000 UUIDs"), two_open, || Rotation::of(Names::uuids(10_000))),
        row(open("8 of 10,000 series"), two_open, || among(10_000)),
        row(open("8 of 200,000 series"), two_open, || among(200_000)),
    ]
}

fn among(others: u64) -> Rotation {
    Rotation { names: Names::short(8), others }
}

fn threads() -> Vec<Case> {
    let two = Unit { threads: 2, ..HERE };
    let both = RECORDS.into_iter().filter(|(what, _)| !what.contains("query"));
    let mut cases: Vec<_> = both
        .map(|(what, work)| {
            case(format!("{what}, 2 threads"), Table::Libraries, two, move || all(work))
        })
        .collect();
    let uuids = "policy evaluation, 10,000 UUIDs, 2 threads";
    cases.push(case(uuids, Table::Libraries, two, || {
        let rotation = Rotation::of(Names::uuids(10_000));
        all(|peer| (peer.policy)(&rotation))
    }));
    let late = "gateway request, on a thread started while 300 are alive";
    let after = Unit { after: 300, ..HERE };
    cases.push(case(late, Table::Libraries, after, || all(|peer| (peer.request)())));
    let first = "gateway request, the first ten on a new thread";
    let cold = Unit { cold: 10, operations: 10, effort: COLD, ..HERE };
    cases.push(Case {
        // The cost of reading the clock.
        without: Some(|| Work::new(|_| ())),
        ..case(first, Table::Libraries, cold, || all(|peer| (peer.request)()))
    });
    let whole = "a thread with ten gateway requests, from start to end";
    let short = Unit { whose: Whose::Process, ..HERE };
    cases.push(case(whole, Table::Libraries, short, || all(|peer| on_threads((peer.request)()))));
    cases
}

/// Does ten times the work on a new thread for each repetition.
fn on_threads(work: Work) -> Work {
    let work = Arc::new(work);
    let proof = work.clone();
    let threads = Work::new(move |times| {
        for _ in 0..times {
            thread::scope(|scope| {
                scope.spawn(|| work.run(10));
            });
        }
    });
    threads.proven_by(move |_| proof.prove())
}

/// Creates the pages of a peer.
type Pages = fn(Page) -> Work;

fn pages() -> Vec<Case> {
    let unit = Unit { operations: SERIES, effort: PAGE, ..HERE };
    let row = |what: &str, pages: fn(&Peer) -> Option<Pages>, growing| {
        case(what, Table::Libraries, unit, move || {
            let page = Page { series: SERIES, growing };
            let work = |peer: &Peer| pages(peer).map(|pages| (peer.name, pages(page)));
            PEERS.iter().filter_map(work).collect()
        })
    };
    let counters = |peer: &Peer| peer.counters_page;
    let histograms = |peer: &Peer| peer.histograms_page;
    vec![
        row("page of 10,000 counters, per series", counters, false),
        row("page of 10,000 counters after one new series, per series", counters, true),
        row("page of 10,000 histograms, per series", histograms, false),
        row("page of 10,000 histograms after one new series, per series", histograms, true),
    ]
}

fn layers() -> Vec<Case> {
    let unit = Unit { effort: LAYER, ..HERE };
    let row = |what: &str, without: fn() -> Work, make: fn() -> Works| Case {
        without: Some(without),
        ..case(what, Table::Layers, unit, make)
    };
    vec![
        row("request without headers", layers::without, layers::works),
        row("request with 9 headers", || layers::without_with(9), || layers::works_with(9)),
        row(
            "request with 9 headers and `traceparent`",
            || layers::without_with(10),
            || layers::works_with(10),
        ),
    ]
}

fn ours() -> Vec<Case> {
    let large = Unit { effort: LARGE, ..HERE };
    let huge = Unit { effort: HUGE, ..HERE };
    let endpoint = Unit { whose: Whose::Process, ..large };
    let mut cases = vec![
        case(
            "policy evaluation, 10,000 UUIDs, past the limit",
            Table::Ours,
            HERE,
            ours::past_the_limit,
        ),
        case("reading a clock twice", Table::Ours, HERE, ours::clocks),
        case("page of 10,000 histograms", Table::Ours, large, || ours::histograms(10_000)),
        case("page of 100,000 counters", Table::Ours, large, || ours::counters(100_000)),
        case("endpoint, 10,000 counters labeled with UUIDs", Table::Ours, endpoint, || {
            ours::compressed(10_000, ours::count_uuids)
        }),
        case(
            "endpoint, 100,000 histograms",
            Table::Ours,
            Unit { effort: HUGE, ..endpoint },
            || ours::compressed(100_000, observe),
        ),
    ];
    for (what, sample, record) in facade::ROWS {
        cases.push(case(what, Table::Ours, HERE, move || facade::works(sample, record)));
        let two = Unit { threads: 2, ..HERE };
        let what = format!("{what}, 2 threads");
        cases.push(case(what, Table::Ours, two, move || facade::works(sample, record)));
    }
    for threads in [1, 8, 64, 128, 512] {
        let plural = if threads == 1 { "" } else { "s" };
        let what = format!("page of 100,000 counters recorded by {threads} thread{plural}");
        cases.push(case(what, Table::Ours, large, move || {
            vec![
                ("measured", ours::best_peer(100_000)),
                ("caracal", ours::of_threads(100_000, threads)),
            ]
        }));
    }
    let million = "page of 1,000,000 counters";
    cases.push(case(million, Table::Ours, huge, || ours::many_counters(1_000_000)));
    let among_a_million = "counter, 2 open labels, 8 of 1,000,000 series";
    cases.push(case(
        among_a_million,
        Table::Libraries,
        Unit { effort: effort(4_000, 15, 0, 1), ..HERE },
        || {
            let few = PEERS
                .iter()
                .filter(|peer| ["prometheus", "measured, text", CARACAL.name].contains(&peer.name));
            few.map(|peer| (peer.name, (peer.two_open)(&among(1_000_000)))).collect()
        },
    ));
    cases
}
