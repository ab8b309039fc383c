//! Recording with the id of a trace does not allocate.

use std::alloc::System;
use std::time::Duration;

use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// This is one test, because the allocator counts for the whole process.
#[test]
fn recording_traces_into_a_known_series_does_not_allocate() {
    let m = MetricsRegistry::new();
    let requests = m.gateway_request("GET", 200, "jwt");
    let record = |id: u64| {
        let trace = Exemplar::trace(u128::from(id));
        requests.record_with_exemplar(Duration::from_micros(id * 100), &trace);
        let duration = Duration::from_millis(id);
        m.record_gateway_request_with_exemplar("GET", 200, "jwt", duration, &trace);
    };
    // The first exemplar allocates space for all of them.
    record(0);
    let mut page = Vec::new();
    for _ in 0..3 {
        let region = Region::new(ALLOCATOR);
        (0..1_000).for_each(record);
        assert_eq!(region.change().allocations, 0, "{:?}", region.change());
        page.clear();
        m.encode(Format::OpenMetrics, &mut page);
        let shown = String::from_utf8_lossy(&page).matches(" # {trace_id=").count();
        assert_eq!(shown, 10, "all buckets up to a second have one");
    }
}
