//! Only the label with a flood of values is folded. The others keep their values.

use std::time::Duration;

use caracal_metrics_core::{
    BuildError, Counter, DurationHistogram, Family, Gauge, MetricsRegistry, catalogue, labels,
};

labels! {
    struct Call<'a> { route: &'a str, ok: bool, agent: &'a str }
    struct Agent<'a> { agent: &'a str }
    struct Zoned<'a> { zone: Option<&'a str>, agent: &'a str }
}

static CALLS: Family<Counter, Call<'_>> =
    Family::counter("calls_total", "Calls.").max_values("agent", 3);
static TIMES: Family<DurationHistogram, Call<'_>> =
    Family::duration_histogram("call_seconds", "Calls.").buckets(&[Duration::from_secs(1)]);
static LOAD: Family<Gauge, Agent<'_>> = Family::gauge("load", "Load.").max_values("agent", 1);

fn calls(m: &MetricsRegistry, name: &str, route: &str, agent: &str) -> Option<f64> {
    m.sample(name, &[("route", route), ("ok", "true"), ("agent", agent)])
}

#[test]
fn only_the_label_with_a_flood_is_folded() {
    let m = MetricsRegistry::builder().max_values(&TIMES, "agent", 3).build().unwrap();
    let (counter, times) = (m.family(&CALLS).unwrap(), m.family(&TIMES).unwrap());
    for agent in 0..1000 {
        let agent = agent.to_string();
        let labels = |route| Call { route, ok: true, agent: &agent };
        counter.inc(labels("/pay"));
        counter.inc_and_observe(labels("/pay"), &times, labels("/pay"), Duration::ZERO);
    }
    // A known agent has a series for each route, and a new agent finds the route.
    counter.inc(Call { route: "/new", ok: true, agent: "1" });
    // Between two pages, the first folds are looked at.
    let _page = m.generate_metrics();
    counter.with(Call { route: "/new", ok: true, agent: "unknown" }).inc();
    assert_eq!(calls(&m, "calls_total", "/pay", "2"), Some(2.0));
    assert_eq!(calls(&m, "calls_total", "/pay", "3"), None);
    assert_eq!(calls(&m, "calls_total", "/pay", "aggregated"), Some(2.0 * 997.0));
    assert_eq!(calls(&m, "call_seconds_count", "/pay", "aggregated"), Some(997.0));
    assert_eq!(calls(&m, "calls_total", "/new", "1"), Some(1.0));
    assert_eq!(calls(&m, "calls_total", "/new", "aggregated"), Some(1.0));
    assert_eq!(calls(&m, "calls_total", "aggregated", "aggregated"), None);
    let limited = |metric| m.sample("caracal_metrics_series_limited_total", &[("metric", metric)]);
    assert_eq!(limited("calls_total"), Some(2.0 * 997.0 + 1.0));
    assert_eq!(limited("call_seconds"), Some(997.0));

    let all = m.cardinality();
    let of_calls = all.iter().find(|it| it.metric == "calls_total").unwrap();
    let [route, agent] = &of_calls.labels[..] else { panic!("{of_calls:?}") };
    assert_eq!((route.limit, agent.limit), (None, Some(3)));
    assert_eq!((route.values, agent.values), (2, 4));
    let last = of_calls.last_merged.last().unwrap();
    assert_eq!(last[1], ("agent".to_owned(), "unknown".to_owned()));
}

#[test]
fn the_limit_of_the_family_applies_as_well() {
    let m = MetricsRegistry::builder().max_series(&CALLS, 4).build().unwrap();
    let counter = m.family(&CALLS).unwrap();
    for number in 0..40 {
        let number = number.to_string();
        counter.inc(Call { route: &number, ok: true, agent: &number });
    }
    // Three agents, and then one more place.
    assert_eq!(calls(&m, "calls_total", "3", "aggregated"), Some(1.0));
    assert_eq!(calls(&m, "calls_total", "aggregated", "aggregated"), Some(36.0));
}

/// A series without the label neither takes a place nor needs one.
#[test]
fn no_value_is_not_a_value() {
    static ZONED: Family<Counter, Zoned<'_>> =
        Family::counter("zoned_total", "Calls.").max_values("zone", 1).max_values("agent", 1);

    for zones in [[None, Some("eu"), None], [Some("eu"), None, Some("eu")]] {
        let m = MetricsRegistry::new();
        let counter = m.family(&ZONED).unwrap();
        for (place, zone) in zones.into_iter().enumerate() {
            let agent = ["", "a"][place % 2];
            counter.inc(Zoned { zone, agent });
        }
        let page = String::from_utf8(m.generate_metrics()).unwrap();
        assert!(!page.contains("\"aggregated\""), "{page}");
        let limited = [("metric", "zoned_total")];
        assert_eq!(m.sample("caracal_metrics_series_limited_total", &limited), Some(0.0));
    }
}

#[test]
fn a_gauge_beyond_the_limit_is_dropped() {
    let m = MetricsRegistry::new();
    let load = m.family(&LOAD).unwrap();
    load.set(Agent { agent: "a" }, 1);
    load.set(Agent { agent: "b" }, 2);
    assert_eq!(m.sample("load", &[("agent", "a")]), Some(1.0));
    assert_eq!(m.sample("load", &[("agent", "b")]), None);
    assert_eq!(m.sample("load", &[("agent", "aggregated")]), None);
    let limited = m.sample("caracal_metrics_series_limited_total", &[("metric", "load")]);
    assert_eq!(limited, Some(1.0));
}

#[test]
fn a_label_that_is_not_open_is_refused() {
    for label in ["decision", "agent", "le"] {
        let builder = MetricsRegistry::builder();
        let built = builder.max_values(&catalogue::POLICY_EVALUATIONS, label, 3).build();
        let error = built.unwrap_err();
        assert!(error.to_string().contains(label), "{error}");
        let family = "caracal_policy_evaluations_total".to_owned();
        assert_eq!(error, BuildError::NoOpenLabel { family, label: label.to_owned() });
    }
}
