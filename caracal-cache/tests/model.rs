//! Random sequences of all operations have the same results as a simple model: return values, hits,
//! misses, loads, removals by cause, evictions and size, after each operation, and for all kinds of
//! caches.
//!
//! No test waits for time to pass. moka's clock can't be set from outside, so entries expire either
//! with the operation that inserted them (a time to live of zero) or never. Every scrape runs the
//! pending tasks, so the effect of an operation is visible immediately.
#![cfg(all(feature = "future", feature = "sync"))]

mod model {
    pub(super) mod cache;
    pub(super) mod kinds;
    pub(super) mod operation;
}
mod page;

use caracal_metrics_core::MetricsRegistry;
use model::cache::{Limit, Model};
use model::kinds::{self, Driver};
use model::operation::{Operation, operation};
use page::{Page, patient};
use proptest::collection::vec;
use proptest::prelude::*;

/// Hits, misses, loads, failed loads, evictions, size and weighted size, then removals by cause.
type Counts = ([u64; 7], [u64; 4]);

fn counts(page: &Page, policy: bool) -> Counts {
    let name = if policy { "policy" } else { "model" };
    let [hits, misses, evictions, size] =
        [("hits", "_total"), ("misses", "_total"), ("evictions", "_total"), ("size", "")].map(
            |(what, suffix)| {
                let series = if policy {
                    format!("caracal_policy_cache_{what}{suffix}")
                } else {
                    format!(r#"caracal_cache_{what}{suffix}{{cache="model"}}"#)
                };
                page.count(&series).expect("the cache is attached")
            },
        );
    let [success, error] = ["success", "error"].map(|result| {
        let family = "caracal_cache_load_duration_seconds_count";
        page.count(&format!(r#"{family}{{cache="{name}",result="{result}"}}"#))
            .expect("the cache is attached")
    });
    let weight = page
        .count(&format!(r#"caracal_cache_weighted_size{{cache="{name}"}}"#))
        .expect("the cache is attached");
    let removals = page.removals(name).map(|count| count.expect("it has our listener"));
    ([hits, misses, success, error, evictions, size, weight], removals)
}

fn check(
    segments: usize,
    limit: Limit,
    policy: bool,
    operations: &[Operation],
    driver: impl FnOnce(&MetricsRegistry) -> Box<dyn Driver>,
) -> Result<(), TestCaseError> {
    let metrics = patient();
    let cache = driver(&metrics);
    let mut model = Model::new(limit, segments);
    for (step, operation) in operations.iter().enumerate() {
        let answer = cache.run(operation);
        let expected = model.run(operation);
        prop_assert_eq!(answer, expected, "answer of step {} of {:?}", step, operations);
        let counts = counts(&Page::scrape(&metrics), policy);
        prop_assert_eq!(counts, model.counts(), "after step {} of {:?}", step, operations);
    }
    Ok(())
}

fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        Just(Limit::None),
        Just(Limit::Expiring),
        (1_u64..6).prop_map(Limit::Entries),
        (1_u64..12).prop_map(Limit::Weight),
    ]
}

proptest! {
    #[test]
    fn future(limit in limit(), policy: bool, operations in vec(operation(), 1..40)) {
        check(1, limit, policy, &operations, |metrics| kinds::future(limit, policy, metrics))?;
    }

    #[test]
    fn sync(limit in limit(), policy: bool, operations in vec(operation(), 1..40)) {
        check(1, limit, policy, &operations, |metrics| kinds::sync(limit, policy, metrics))?;
    }

    #[test]
    fn segmented(limit in limit(), policy: bool, operations in vec(operation(), 1..40)) {
        check(kinds::SEGMENTS, limit, policy, &operations, |metrics| {
            kinds::segmented(limit, policy, metrics)
        })?;
    }
}
