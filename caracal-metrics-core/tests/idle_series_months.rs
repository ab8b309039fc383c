//! A process that sees ten million agents in three months. At most 5,000 of them are active at once.

use std::alloc::System;
use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use caracal_metrics_core::testing::Clock;
use caracal_metrics_core::{Counter, Family, Format, Metric, MetricsRegistry, labels};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const AGENTS: usize = 10_000_000;
const ACTIVE: usize = 5_000;
/// The number of active agents that were active before.
const RETURNING: usize = 500;
const LIMIT: usize = 20_000;
const HOUR: Duration = Duration::from_secs(3600);

labels! { struct Agent<'a> { agent_id: &'a str } }

static CALLS: Family<Counter, Agent<'_>> = Family::counter("calls_total", "Calls.");

struct Process {
    metrics: MetricsRegistry,
    calls: Metric<Counter, Agent<'static>>,
    clock: Clock,
    /// The number of calls of each agent.
    books: Vec<u16>,
    name: String,
    page: Vec<u8>,
}

impl Process {
    fn call(&mut self, agent: usize) {
        self.books[agent] += 1;
        self.name.clear();
        write!(self.name, "agent-{agent}").unwrap();
        self.calls.inc(Agent { agent_id: &self.name });
    }

    fn scrape(&mut self) {
        self.page.clear();
        self.metrics.encode(Format::Text, &mut self.page);
    }

    /// Returns the calls of agents on the last page, and those of the aggregated series.
    fn shown(&self) -> (HashMap<usize, u16>, u64) {
        let (mut agents, mut aggregated) = (HashMap::new(), 0);
        for line in std::str::from_utf8(&self.page).unwrap().lines() {
            let Some(rest) = line.strip_prefix("calls_total{agent_id=\"") else { continue };
            let (agent, calls) = rest.split_once("\"} ").unwrap();
            match agent.strip_prefix("agent-") {
                Some(agent) => {
                    let before = agents.insert(agent.parse().unwrap(), calls.parse().unwrap());
                    assert_eq!(before, None, "{agent} twice");
                }
                None => aggregated = calls.parse().unwrap(),
            }
        }
        (agents, aggregated)
    }
}

#[test]
fn ten_million_agents_in_three_months() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().only_used_families().clock(clock);
    let builder = builder.hide_idle_series(HOUR).max_series(&CALLS, LIMIT);
    let metrics = builder.build().unwrap();
    let calls = metrics.family(&CALLS).unwrap();
    let books = vec![0; AGENTS];
    let (name, page) = (String::with_capacity(32), Vec::with_capacity(4 << 20));
    let mut process = Process { metrics, calls, clock, books, name, page };

    let fresh = ACTIVE - RETURNING;
    let windows = AGENTS / fresh;
    // Only the first agents are kept, because there are no more labels than this.
    let kept = LIMIT * 10;
    let mut longest = 0;
    let mut region = Region::new(ALLOCATOR);
    for window in 0..windows {
        let new = window * fresh..(window + 1) * fresh;
        let known = new.start.min(kept);
        let returning: Vec<_> = match known {
            0 => Vec::new(),
            _ => (0..RETURNING).map(|at| (window * 7919 + at * 31) % known).collect(),
        };
        new.clone().for_each(|agent| process.call(agent));
        // The interval is one hour and 5 minutes. In total, this is three months.
        for _ in 0..3 {
            for agent in &returning {
                process.call(*agent);
            }
            process.clock.advance(HOUR / 3 + Duration::from_secs(100));
            process.scrape();
            longest = longest.max(process.page.len());
            if window < 50 || window % 100 == 0 {
                let (shown, _) = process.shown();
                let active =
                    new.clone().filter(|agent| *agent < kept).chain(returning.iter().copied());
                for agent in active {
                    assert_eq!(shown.get(&agent), Some(&process.books[agent]), "{agent}, {window}");
                }
            }
        }
        if window == windows / 10 {
            region = Region::new(ALLOCATOR);
        }
    }
    let grown = in_use(&region);
    assert!(grown < 1 << 20, "{grown} bytes more after the first tenth");
    assert!(longest < LIMIT * 48, "a page of {longest} bytes");

    // Every total is correct, and nothing is counted twice.
    let (_, aggregated) = process.shown();
    let folded: u64 = process.books[kept..].iter().map(|calls| u64::from(*calls)).sum();
    assert_eq!(aggregated, folded);
    for some in (0..kept).collect::<Vec<_>>().chunks(LIMIT / 2) {
        process.clock.advance(2 * HOUR);
        process.scrape();
        process.clock.advance(2 * HOUR);
        process.scrape();
        assert_eq!(process.shown().0.len(), 0, "all are hidden");
        for agent in some {
            process.call(*agent);
        }
        process.scrape();
        let (shown, aggregated) = process.shown();
        assert_eq!((shown.len(), aggregated), (some.len(), folded));
        assert!(some.iter().all(|agent| shown[agent] == process.books[*agent]));
    }
}

fn in_use(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}
