//! Panels for families that this crate does not know, by their type.

use caracal_metrics_core::RegisteredFamily;

use super::graph::{Graph, OF_JOB, Query, describe, unit};
use crate::panels::Kind;
use crate::service::Service;

/// The maximum number of series that a panel shows.
const MOST_SERIES: usize = 20;

pub(super) fn panels(service: &Service<'_>) -> Vec<Graph> {
    service.own_families().map(panel).collect()
}

fn panel(family: &RegisteredFamily) -> Graph {
    let name = &family.name;
    let (queries, unit) = match family.kind {
        "counter" => {
            let unit = match unit(family) {
                // Seconds per second are a fraction, or a number of busy things.
                "s" => "short",
                "bytes" => "Bps",
                _ => "ops",
            };
            let rate = format!("rate({name}{{{OF_JOB}}}[$__rate_interval])");
            (vec![of_labels("sum", &[], family, &rate)], unit)
        }
        "histogram" => (quantiles(family), unit(family)),
        "summary" => (vec![of_labels("max", &["quantile"], family, &selected(name))], unit(family)),
        _ => (vec![of_labels("sum", &["instance"], family, &selected(name))], unit(family)),
    };
    Graph {
        title: name.clone(),
        description: describe(family),
        kind: Kind::Timeseries,
        unit,
        // Gauges and observed values may be negative.
        min: (family.kind == "counter").then_some(0.0),
        max: None,
        width: 8,
        height: 8,
        is_stacked: false,
        has_breaker_states: false,
        thresholds: &[],
        queries,
    }
}

fn selected(name: &str) -> String {
    format!("{name}{{{OF_JOB}}}")
}

/// A query that returns a series for each set of the family's labels and of `labels`.
fn of_labels(aggregation: &str, more: &[&str], family: &RegisteredFamily, series: &str) -> Query {
    let own = family.labels.iter().map(String::as_str);
    let labels: Vec<_> = more.iter().copied().chain(own).collect();
    if labels.is_empty() {
        let legend = family.name.clone();
        return Query { expression: format!("{aggregation}({series})"), legend };
    }
    let by = labels.join(", ");
    let legend =
        labels.iter().map(|label| format!("{{{{{label}}}}}")).collect::<Vec<_>>().join(" ");
    let expression = format!("topk({MOST_SERIES}, {aggregation} by ({by}) ({series}))");
    Query { expression, legend }
}

fn quantiles(family: &RegisteredFamily) -> Vec<Query> {
    let name = &family.name;
    let classic = format!("sum by (le) (rate({name}_bucket{{{OF_JOB}}}[$__rate_interval]))");
    let native = format!("sum(rate({name}{{{OF_JOB}}}[$__rate_interval]))");
    let buckets = family.is_native.then_some(native).into_iter().chain([classic]);
    let expression = |quantile| {
        let quantiles =
            buckets.clone().map(|buckets| format!("histogram_quantile({quantile}, {buckets})"));
        quantiles.collect::<Vec<_>>().join(" or ")
    };
    [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")]
        .map(|(quantile, legend)| Query {
            expression: expression(quantile),
            legend: legend.to_owned(),
        })
        .into()
}
