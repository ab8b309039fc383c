//! The families in the documents of the live page, their number, and their native buckets.

use std::time::Duration;

use caracal_axum::live_page;
use caracal_metrics_core::{
    DurationHistogram, Family, Histogram, MetricsRegistry, Resolution, labels,
};
use prometheus::{CounterVec, Opts};
use serde_json::{Value, json};

use super::live::{body, page};
use super::support::Gateway;

async fn document(gateway: &Gateway, path: &str) -> Value {
    serde_json::from_str(body(&gateway.ask(&format!("GET {path}")).await)).unwrap()
}

fn names(document: &Value) -> Vec<&str> {
    let families = document["families"].as_array().unwrap();
    families.iter().map(|family| family["name"].as_str().unwrap()).collect()
}

/// Registers a family with 30 series.
fn family(name: &str, help: &str, tenant: &str) -> CounterVec {
    let family = CounterVec::new(Opts::new(name, help), &["tenant"]).unwrap();
    for number in 0..30 {
        family.with_label_values(&[&format!("{tenant}-{number}")]).inc();
    }
    family
}

/// Registers 2,000 families, whose names are sorted before those of the gateway.
async fn crowded() -> Gateway {
    let gateway = page().await;
    for number in 0..2_000 {
        let (name, help) = (format!("a_{number:04}_total"), format!("One of many: {number}."));
        gateway.metrics.register(Box::new(family(&name, &help, "tenant"))).unwrap();
    }
    gateway
}

#[tokio::test]
async fn the_overview_is_bounded_in_the_number_of_families() {
    let gateway = crowded().await;
    let answer = gateway.ask("GET /live.json").await;
    assert!(body(&answer).len() < 400 << 10, "{} bytes", body(&answer).len());
    let overview: Value = serde_json::from_str(body(&answer)).unwrap();
    let page = gateway.metrics.snapshot();
    let all = page.families();
    assert_eq!(overview["all"], json!(all.len()));
    let series: usize = all.iter().map(|family| family.series().len()).sum();
    assert_eq!(overview["allSeries"], json!(series));
    let shown = names(&overview);
    assert!(shown.len() < all.len() / 2, "{} families", shown.len());
    // The families with panels are there, although their names come last.
    assert!(shown.contains(&"caracal_gateway_requests_total"), "{shown:?}");
    assert!(shown.contains(&"a_0000_total") && !shown.contains(&"a_1999_total"), "{shown:?}");
}

/// A family that appears and disappears would have no history.
#[tokio::test]
async fn families_stay_in_the_overview() {
    let gateway = crowded().await;
    let first = document(&gateway, "/live.json").await;
    // Its name is the first one, and it is larger than the room that is left.
    let new = family("a_0", "New.", &"tenant".repeat(20));
    gateway.metrics.register(Box::new(new)).unwrap();
    let mut next = first.clone();
    while next["time"] == first["time"] {
        next = document(&gateway, "/live.json").await;
    }
    assert_eq!(names(&first), names(&next));
}

#[tokio::test]
async fn all_families_are_found_in_parts() {
    let gateway = crowded().await;
    let all = gateway.metrics.snapshot().families().len();
    let part = document(&gateway, "/families.json?first=1950").await;
    assert_eq!((&part["matched"], &part["first"]), (&json!(all), &json!(1950)));
    assert_eq!(names(&part)[..2], ["a_1950_total", "a_1951_total"]);
    assert_eq!(names(&document(&gateway, "/families.json").await).len(), 200);
    let found = document(&gateway, "/families.json?search=MANY+tenant+1234").await;
    assert_eq!(names(&found), ["a_1234_total"]);
    // Only what a list shows.
    let family = &found["families"][0];
    assert_eq!((&family["total"], &family["count"]), (&json!(30), &json!(30)));
    assert!(family.get("series").is_none() && family.get("labels").is_none(), "{family}");

    let largest = document(&gateway, "/families.json?sort=series&first=1999").await;
    assert_eq!(names(&largest)[0], "a_1999_total");
    let by_type = document(&gateway, "/families.json?sort=type").await;
    assert_eq!(by_type["families"][0]["type"], "counter");
    let behind = document(&gateway, "/families.json?first=99999").await;
    assert_eq!((names(&behind).len(), &behind["first"]), (0, &json!(all)));

    let one = document(&gateway, "/families.json?family=a_1999_total").await;
    assert_eq!((&one["family"], &one["matched"]), (&json!("a_1999_total"), &json!(1)));
    assert_eq!(one["families"][0]["series"].as_array().unwrap().len(), 20);
    let none = document(&gateway, "/families.json?family=nothing").await;
    assert_eq!((&none["matched"], names(&none).len()), (&json!(0), 0));
}

labels! { struct Of<'a> { of: &'a str } }
static TOOK: Family<DurationHistogram, Of<'_>> =
    Family::duration_histogram("took_seconds", "Took.").buckets(&[Duration::from_secs(1)]);
static SIZE: Family<Histogram> = Family::histogram("size", "Size.").buckets(&[0.0]);

fn native(document: &Value, name: &str) -> Value {
    let families = document["families"].as_array().unwrap();
    let family = families.iter().find(|family| family["name"] == name).unwrap();
    family.get("native").cloned().unwrap_or_default()
}

#[tokio::test]
async fn histograms_have_their_native_buckets() {
    let metrics = MetricsRegistry::builder()
        .native_histograms(Resolution::schema(1))
        .native_histograms_of(&SIZE, Resolution::schema(0))
        .build()
        .unwrap();
    let took = metrics.family(&TOOK).unwrap();
    for (of, seconds) in [("a", 1), ("a", 2), ("b", 2), ("b", 100)] {
        took.observe(Of { of }, Duration::from_secs(seconds));
    }
    let size = metrics.family(&SIZE).unwrap();
    for value in [-3.0, 0.0, 0.0, 4.0, 5.0] {
        size.observe(value);
    }
    let app = live_page(&metrics);
    let gateway = Gateway::start_of(metrics, app).await;
    let overview = document(&gateway, "/live.json").await;
    // Bucket 14 contains the numbers above 2^(13/2) and up to 2^(14/2) = 128.
    let spans = json!({ "schema": 1, "zero": 0, "positive": [[0, 1], [2, 2], [14, 1]] });
    assert_eq!(native(&overview, "took_seconds"), spans);
    let of_both_signs =
        json!({ "schema": 0, "zero": 2, "positive": [[2, 1, 1]], "negative": [[2, 1]] });
    assert_eq!(native(&overview, "size"), of_both_signs);

    let one = document(&gateway, "/families.json?family=size").await;
    assert_eq!(native(&one, "size"), of_both_signs);
}
