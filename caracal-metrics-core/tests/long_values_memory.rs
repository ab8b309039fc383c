//! The cost of long label values: the memory does not depend on their length.

use std::alloc::System;
use std::time::Duration;

use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// This is one test, because the allocator counts for the whole process.
#[test]
fn agent_ids_of_a_mebibyte_keep_less_than_a_kibibyte_each() {
    const AGENTS: u8 = 20;
    const MEBIBYTE: usize = 1 << 20;

    let m = MetricsRegistry::new();
    let mut agent = "a".repeat(MEBIBYTE);
    let mut record = |agents: std::ops::Range<u8>| {
        for last in agents {
            // The ids differ in one byte in the middle.
            let mut own = [b'a' + last];
            let own = std::str::from_utf8_mut(&mut own).expect("a letter");
            agent.replace_range(MEBIBYTE / 2..=MEBIBYTE / 2, own);
            m.record_policy_evaluation(PolicyDecisionType::Allowed, &agent, Duration::ZERO);
        }
    };
    // This allocates what the family and the thread need for any label.
    record(0..1);
    let region = Region::new(ALLOCATOR);
    record(1..AGENTS);
    let change = region.change();
    let kept = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    assert!(kept < usize::from(AGENTS) * 1024, "{kept} bytes kept");

    let region = Region::new(ALLOCATOR);
    record(0..AGENTS);
    let change = region.change();
    assert_eq!(change.bytes_allocated, 0, "a record of a known series allocated: {change:?}");

    let page = m.generate_metrics();
    assert!(page.len() < 64 * 1024, "a page of {} bytes", page.len());
    let page = String::from_utf8(page).unwrap();
    let series = page.lines().filter(|line| line.starts_with("caracal_policy_evaluations_total{"));
    assert_eq!(series.filter(|line| line.ends_with(" 2")).count(), usize::from(AGENTS));
}
