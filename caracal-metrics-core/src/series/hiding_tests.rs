//! Tests what a page can do between two steps of a thread that records or creates a handle.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::store::FamilyStore;
use crate::testing::Clock;
use crate::{Counter, Family, Gauge, GaugeGuard, MetricsRegistry, labels};

labels! {
    struct Room<'a> { name: &'a str }
    struct Desk<'a> { room: &'a str, name: &'a str }
}

static RUNNING: Family<Gauge, Room<'_>> = Family::gauge("running", "Running.");
static CALLS: Family<Counter, Room<'_>> = Family::counter("calls_total", "Calls.");
static USES: Family<Counter, Desk<'_>> =
    Family::counter("uses_total", "Uses.").max_values("name", 1);

const LOOK: Duration = Duration::from_secs(15);

struct Test {
    metrics: MetricsRegistry,
    clock: Clock,
}

impl Test {
    fn new() -> Self {
        let clock = Clock::new();
        let builder = MetricsRegistry::builder().clock(clock);
        let metrics = builder.hide_idle_series(4 * LOOK).build().unwrap();
        Self { metrics, clock }
    }

    fn store(&self, name: &str) -> Arc<FamilyStore> {
        let families = self.metrics.instances().state().families();
        Arc::clone(families.find(name).expect("the family is registered"))
    }

    /// Reads a page that marks the series that it looks at.
    fn mark(&self) {
        self.clock.advance(LOOK);
        let _page = self.metrics.generate_metrics();
    }

    /// Reads pages until everything that is idle is hidden.
    fn pass(&self) {
        (0..20).for_each(|_| self.mark());
    }
}

#[test]
fn a_guard_that_begins_after_the_mark_keeps_its_series() {
    let test = Test::new();
    let _running = test.metrics.family(&RUNNING).unwrap();
    let store = test.store("running");
    let read = || test.metrics.sample("running", &[("name", "lobby")]);
    let cell = store.cell_of_set(&Room { name: "lobby" });
    test.mark();
    let guard = GaugeGuard::begin(&store, cell);
    test.pass();
    assert_eq!(read(), Some(1.0));
    drop(guard);
    test.pass();
    assert_eq!(read(), None);
}

#[test]
fn a_series_that_was_found_before_the_mark_is_not_kept_after_it() {
    let test = Test::new();
    let calls = test.metrics.family(&CALLS).unwrap();
    let store = test.store("calls_total");
    calls.inc(Room { name: "lobby" });
    let found = || store.find(0, &["lobby"]).unwrap();
    let known = found();
    test.mark();
    // This happens twice, because only label sets that occur often are kept.
    (0..2).for_each(|_| store.keep_if_due(0, &["lobby"], known));
    for _ in 0..20 {
        calls.inc(Room { name: "lobby" });
        test.mark();
    }
    assert_eq!(test.metrics.sample("calls_total", &[("name", "lobby")]), Some(21.0));
}

/// The series is hidden, and its place is taken, before it is held. The handle is therefore that of a folded
/// series, which then stays on the page.
#[test]
fn a_handle_holds_its_own_series() {
    let test = Test::new();
    let uses = test.metrics.family(&USES).unwrap();
    let store = test.store("uses_total");
    let is_first = Cell::new(true);
    let resolve = || {
        let resolved = store.resolve_set(&Desk { room: "lobby", name: "left" });
        if is_first.replace(false) {
            test.pass();
            uses.inc(Desk { room: "lobby", name: "right" });
        }
        Ok::<_, Infallible>(resolved)
    };
    let Ok((resolved, held)) = store.hold(&resolve, |resolved| resolved.cell);
    assert!(resolved.folded);
    test.pass();
    let folded = [("room", "lobby"), ("name", "aggregated")];
    assert_eq!(test.metrics.sample("uses_total", &folded), Some(0.0));
    drop(held);
    test.pass();
    assert_eq!(test.metrics.sample("uses_total", &folded), None);
}
