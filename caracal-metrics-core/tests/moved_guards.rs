//! Guards that move from one gauge to another.

use std::sync::Barrier;
use std::{hint, thread};

use caracal_metrics_core::{Family, Format, Gauge, MetricsRegistry, labels};

labels! { struct Named<'a> { name: &'a str } }

static IN_FLIGHT: Family<Gauge, Named<'_>> = Family::gauge("requests_in_flight", "Requests.");
/// This is read between the other two, and takes some time.
static BETWEEN: Family<Gauge, Named<'_>> = Family::gauge("routes_in_flight", "Routes.");
static OPEN: Family<Gauge, Named<'_>> = Family::gauge("streams_open", "Streams.");

/// Returns the values of the two gauges on one page.
fn read(metrics: &MetricsRegistry) -> (u64, u64) {
    let mut page = Vec::new();
    metrics.encode_named(Format::Text, &["requests_in_flight", "streams_open"], &mut page);
    let page = String::from_utf8(page).unwrap();
    let value = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    };
    (value("requests_in_flight{"), value("streams_open{"))
}

#[test]
fn no_page_has_a_guard_twice_while_it_is_moved() {
    const TIMES: usize = 600;
    let metrics = MetricsRegistry::new();
    let in_flight = metrics.family(&IN_FLIGHT).unwrap();
    let between = metrics.family(&BETWEEN).unwrap();
    let _between: Vec<_> =
        (0..300).map(|at| between.track(Named { name: &at.to_string() })).collect();
    let open = metrics.family(&OPEN).unwrap();
    let (begun, read_once) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            for time in 0..TIMES {
                let mut guard = in_flight.track(Named { name: "a" });
                begun.wait();
                // This varies the moment within the read.
                for _ in 0..time % 100 * 50 {
                    hint::spin_loop();
                }
                open.take_over(Named { name: "a" }, &mut guard);
                read_once.wait();
            }
        });
        let twice = (0..TIMES).filter(|_| {
            begun.wait();
            let (in_flight, open) = read(&metrics);
            read_once.wait();
            in_flight + open > 1
        });
        assert_eq!(twice.count(), 0, "of {TIMES} pages");
    });
    assert_eq!(read(&metrics), (0, 0));
}
