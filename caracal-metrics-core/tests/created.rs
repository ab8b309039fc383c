//! `_created` lines, which only OpenMetrics has, and only where the builder was asked for them.

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

/// Each `_created` line's series and seconds.
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
fn a_series_says_when_it_began_and_keeps_to_it() {
    // A line has milliseconds.
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
fn a_series_that_comes_back_began_anew() {
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

#[test]
fn without_the_setting_there_are_none() {
    let m = MetricsRegistry::new();
    m.record_policy_cache_hit();
    assert!(created(&m).is_empty());
    let m = asked();
    m.record_policy_cache_hit();
    assert!(!page(&m, Format::Text).contains("_created"));
}
