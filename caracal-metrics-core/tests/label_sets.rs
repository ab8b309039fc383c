//! Every label set has its own series, however similar the sets are.

use std::collections::HashMap;

use caracal_metrics_core::{DatabaseOperationType, MetricsRegistry, QueryStatus};
use proptest::prelude::*;
use proptest::sample::select;

/// Values that share their first bytes, their last bytes or both. Their lengths are on both sides of those at
/// which the lookup changes.
fn value() -> impl Strategy<Value = String> {
    let repeated = (select(vec!["a", "ab", "\0", "ü"]), 0..40_usize)
        .prop_map(|(part, times)| part.repeat(times));
    let changed = (0..40_usize, 0..40_usize).prop_map(|(len, at)| {
        let mut value = vec![b'a'; len];
        if let Some(byte) = value.get_mut(at) {
            *byte = b'b';
        }
        String::from_utf8_lossy(&value).into_owned()
    });
    prop_oneof![repeated, changed]
}

const OPERATIONS: [DatabaseOperationType; 2] =
    [DatabaseOperationType::Select, DatabaseOperationType::Insert];

#[derive(Clone, Debug)]
enum Event {
    Query { operation: DatabaseOperationType, table: String },
    ReplayBlock { reason: String },
    AuthFailure { method: String, reason: String },
}

type Labels = Vec<(&'static str, String)>;

impl Event {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            (select(OPERATIONS.to_vec()), value())
                .prop_map(|(operation, table)| Self::Query { operation, table }),
            value().prop_map(|reason| Self::ReplayBlock { reason }),
            (value(), value()).prop_map(|(method, reason)| Self::AuthFailure { method, reason }),
        ]
    }

    fn record(&self, metrics: &MetricsRegistry) {
        match self {
            Self::Query { operation, table } => metrics.record_database_query(
                *operation,
                table,
                QueryStatus::Success,
                std::time::Duration::from_millis(1),
            ),
            Self::ReplayBlock { reason } => metrics.record_replay_block(reason),
            Self::AuthFailure { method, reason } => metrics.record_auth_failure(method, reason),
        }
    }

    /// Returns the series in which it is counted.
    fn series(&self) -> Vec<(&'static str, Labels)> {
        match self {
            Self::Query { operation, table } => {
                let labels = vec![("operation", operation.to_string()), ("table", table.clone())];
                let mut counter = labels.clone();
                counter.push(("status", "success".to_owned()));
                vec![
                    ("caracal_database_queries_total", counter),
                    ("caracal_database_query_duration_seconds_count", labels),
                ]
            }
            Self::ReplayBlock { reason } => {
                vec![("caracal_gateway_replay_blocks_total", vec![("reason", reason.clone())])]
            }
            Self::AuthFailure { method, reason } => vec![(
                "caracal_gateway_auth_failures_total",
                vec![("auth_method", method.clone()), ("reason", reason.clone())],
            )],
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_equal_those_of_a_map(events in prop::collection::vec((0..2_usize, Event::any()), 1..120)) {
        // The second one may reuse the cells of an earlier registry.
        let first = MetricsRegistry::new();
        let gone = MetricsRegistry::new();
        for (_, event) in &events {
            event.record(&gone);
        }
        drop(gone);
        let registries = [first, MetricsRegistry::new()];
        let mut counts: HashMap<_, f64> = HashMap::new();
        for (registry, event) in &events {
            // This runs twice, because a known label set is found in another way than a new one.
            for _ in 0..2 {
                event.record(&registries[*registry]);
            }
            for series in event.series() {
                *counts.entry((*registry, series)).or_default() += 2.0;
            }
        }
        for ((registry, (name, labels)), count) in &counts {
            let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            prop_assert_eq!(registries[*registry].sample(name, &labels), Some(*count), "{} {:?}", name, labels);
        }
    }
}

/// There are so many label sets that they collide in every slot at which a search starts.
#[test]
fn many_sets_that_differ_in_only_one_part() {
    const VALUES: u32 = 2_000;
    let metrics = MetricsRegistry::builder().max_series_per_family(usize::MAX).build().unwrap();
    let tables = |value: u32| {
        [format!("{value:08}-infront"), format!("behind--{value:08}"), format!("{value:04}")]
    };
    let took = std::time::Duration::from_millis(1);
    for value in 0..VALUES {
        for table in tables(value) {
            for (operation, times) in OPERATIONS.into_iter().zip(1..) {
                for _ in 0..times {
                    metrics.record_database_query(operation, &table, QueryStatus::Success, took);
                }
                metrics.record_database_query(operation, &table, QueryStatus::Error, took);
            }
        }
    }
    // One kind after the other, so that the next label set was not replaced by something else.
    for kind in 0..3 {
        for value in 0..VALUES {
            metrics.record_replay_block(&tables(value)[kind]);
        }
    }
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let counts: HashMap<_, _> = page.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    for value in 0..VALUES {
        for table in tables(value) {
            for (operation, times) in OPERATIONS.into_iter().zip(1..) {
                let count = |status: &str| {
                    let labels = format!("operation=\"{operation}\",table=\"{table}\"");
                    let series =
                        format!("caracal_database_queries_total{{{labels},status=\"{status}\"}}");
                    counts.get(&*series).map(ToString::to_string)
                };
                assert_eq!(count("success"), Some(times.to_string()), "{operation} {table}");
                assert_eq!(count("error"), Some("1".to_owned()), "{operation} {table}");
            }
            let series = format!("caracal_gateway_replay_blocks_total{{reason=\"{table}\"}}");
            assert_eq!(counts.get(&*series), Some(&"1"), "{table}");
        }
    }
}
