//! `_created` lines, which only OpenMetrics has, and only if the builder enables them.

#[cfg(feature = "protobuf")]
#[path = "support/model.rs"]
mod model;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caracal_metrics_core::adapter::{InstanceKind, Sampled};
use caracal_metrics_core::{Counter, Family, Format, MetricsRegistry, labels};

const CACHE: InstanceKind = InstanceKind::new("cache");

labels! { struct Cache<'a> { cache: &'a str } }

static CACHE_HITS: Family<Counter, Cache<'_>> =
    Family::counter("cache_hits_total", "Hits.").namespaced().shown_once_used();

fn page(m: &MetricsRegistry, format: Format) -> String {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    String::from_utf8(page).expect("UTF-8")
}

/// Returns the series and the seconds of each `_created` line.
fn created(m: &MetricsRegistry) -> BTreeMap<String, f64> {
    page(m, Format::OpenMetrics)
        .lines()
        .filter(|line| line.split(['{', ' ']).next().is_some_and(|name| name.ends_with("_created")))
        .map(|line| {
            let (series, seconds) = line.rsplit_once(' ').expect("a value");
            (series.to_owned(), seconds.parse().expect("a number"))
        })
        .collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

fn asked() -> MetricsRegistry {
    MetricsRegistry::builder().created_lines().build().expect("valid settings")
}

#[test]
fn the_start_of_a_series_does_not_change() {
    // The lines have a resolution of milliseconds.
    let before = now() - 0.001;
    let m = asked();
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(5));
    let after = now();
    let first = created(&m);
    for series in [
        "caracal_policy_cache_hits_created",
        r#"caracal_gateway_requests_created{method="GET",status_code="200",auth_method="jwt"}"#,
        r#"caracal_gateway_request_duration_seconds_created{method="GET",status_code="200"}"#,
    ] {
        let at = first[series];
        assert!((before..=after).contains(&at), "{series}: {at} is not in {before}..{after}");
    }
    assert!(!first.keys().any(|series| series.starts_with("caracal_policy_cache_size")), "a gauge");

    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(5));
    m.record_gateway_request("GET", 404, "jwt", Duration::from_millis(5));
    let second = created(&m);
    assert_eq!(second.len(), first.len() + 2);
    assert!(first.iter().all(|(series, at)| second[series] == *at));
}

#[test]
fn a_series_that_returns_has_a_new_start() {
    let m = asked();
    let series = r#"caracal_cache_hits_created{cache="sessions"}"#;
    let attach = || {
        let mut builder = m.attach(CACHE, Some("sessions")).expect("a free name");
        let hits = builder.series(&CACHE_HITS, Cache { cache: "sessions" }).expect("room");
        (builder.on_scrape(|_| Sampled::Live), hits)
    };
    let instance = attach();
    let first = created(&m)[series];
    drop(instance);
    assert!(!created(&m).contains_key(series));
    while now() < first + 0.002 {
        std::thread::yield_now();
    }
    let _instance = attach();
    assert!(created(&m)[series] > first);
}

/// A hidden series keeps its total, so it also keeps its start timestamp.
#[test]
fn a_series_that_was_hidden_began_when_it_began() {
    let builder = MetricsRegistry::builder().created_lines();
    let m = builder.hide_idle_series(Duration::from_secs(3600)).build().expect("valid settings");
    let hits = m.family(&CACHE_HITS).expect("a free name");
    let labels = Cache { cache: "sessions" };
    let series = r#"caracal_cache_hits_created{cache="sessions"}"#;
    hits.inc(labels);
    let first = created(&m)[series];
    hits.hide(labels).expect("it is not in use");
    assert!(!created(&m).contains_key(series));
    while now() < first + 0.002 {
        std::thread::yield_now();
    }
    hits.inc(labels);
    hits.inc(Cache { cache: "another" });
    let page = created(&m);
    assert_eq!(page[series], first);
    assert!(page[r#"caracal_cache_hits_created{cache="another"}"#] > first);
}

#[test]
fn without_the_setting_there_are_no_created_lines() {
    let m = MetricsRegistry::new();
    m.record_policy_cache_hit();
    assert!(created(&m).is_empty());
    let m = asked();
    m.record_policy_cache_hit();
    assert!(!page(&m, Format::Text).contains("_created"));
}

/// Protobuf always has the start of counters and histograms, in nanoseconds.
#[cfg(feature = "protobuf")]
#[test]
fn protobuf_has_the_start_of_each_series() {
    let since_epoch = |timestamp: Option<model::Timestamp>| {
        let timestamp = timestamp.expect("a start timestamp");
        timestamp.seconds as f64 + f64::from(timestamp.nanos) / 1e9
    };
    let read = |m: &MetricsRegistry| {
        let mut created = BTreeMap::new();
        for family in model::decode(m, &[]) {
            for metric in family.metric {
                let labels = metric.label.iter().map(|pair| pair.value.clone());
                let series = (family.name.clone(), labels.collect::<Vec<_>>());
                let at = match (metric.counter, metric.histogram) {
                    (Some(counter), _) => since_epoch(counter.created_timestamp),
                    (_, Some(histogram)) => since_epoch(histogram.created_timestamp),
                    _ => continue,
                };
                created.insert(series, at);
            }
        }
        created
    };
    // For such times, the resolution of a float is below a microsecond.
    let before = now() - 1e-6;
    let m = MetricsRegistry::new();
    let hits = m.family(&CACHE_HITS).expect("a free name");
    hits.inc(Cache { cache: "first" });
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(5));
    let first = read(&m);
    let after = now() + 1e-6;
    assert!(first.values().all(|at| (before..=after).contains(at)), "{first:?}");
    let series = |cache: &str| ("caracal_cache_hits_total".to_owned(), vec![cache.to_owned()]);
    assert!(first.contains_key(&series("first")), "{first:?}");

    while now() < after + 2e-6 {
        std::thread::yield_now();
    }
    hits.inc(Cache { cache: "first" });
    // Its row overwrites the row of the first one, which has the same length. The last row of a page is not
    // overwritten.
    hits.inc(Cache { cache: "other" });
    hits.inc(Cache { cache: "the last of the rows" });
    let second = read(&m);
    assert!(first.iter().all(|(series, at)| second[series] == *at), "it is stable");
    assert!(second[&series("other")] > after);
    assert!(created(&m).is_empty(), "text has it only if it is enabled");
}
