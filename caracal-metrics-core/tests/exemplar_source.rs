//! Exemplars from the exemplar source of a registry.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use caracal_metrics_core::{
    DatabaseOperationType, DurationHistogram, Exemplar, Family, Format, Histogram, Metric,
    MetricsRegistry, QueryStatus, labels,
};

labels! { struct Order<'a> { tenant: &'a str } }

const TENANT: Order<'_> = Order { tenant: "acme" };
const TOOK: Duration = Duration::from_millis(3);

static PACKING: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("packing_seconds", "Time from order to parcel.")
        .buckets(&[Duration::from_millis(5)]);
static WIDE: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("wide_seconds", "In two runs of buckets.").buckets(
        &const {
            let mut bounds = [Duration::ZERO; 20];
            let mut place = 0;
            while place < bounds.len() {
                bounds[place] = Duration::from_millis(place as u64 + 1);
                place += 1;
            }
            bounds
        },
    );
static VALUE: Family<Histogram, Order<'_>> =
    Family::histogram("value_euros", "Value of an order.").buckets(&[5.0]);

thread_local! {
    static TRACE: Cell<Option<u128>> = const { Cell::new(None) };
}

/// Returns a registry whose exemplars are the current traces of the threads.
fn traced() -> MetricsRegistry {
    let builder = MetricsRegistry::builder();
    builder.exemplar_source(|| TRACE.get().map(Exemplar::trace)).build().unwrap()
}

/// Returns the name of the family and the id of each exemplar on the page.
fn exemplars(m: &MetricsRegistry) -> Vec<(String, u128)> {
    let mut page = Vec::new();
    m.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let lines = page.lines().filter_map(|line| line.split_once(" # {trace_id=\""));
    lines
        .map(|(sample, exemplar)| {
            let id = u128::from_str_radix(&exemplar[..32], 16).unwrap();
            (sample.split_once("_bucket{").unwrap().0.to_owned(), id)
        })
        .collect()
}

fn query(m: &MetricsRegistry) {
    m.record_database_query(DatabaseOperationType::Select, "orders", QueryStatus::Success, TOOK);
}

#[test]
fn every_histogram_has_the_trace_of_the_thread() {
    let m = traced();
    let packing: Metric<_, _> = m.family(&PACKING).unwrap();
    let (wide, value) = (m.family(&WIDE).unwrap(), m.family(&VALUE).unwrap());
    let record = |trace| {
        TRACE.set(trace);
        query(&m);
        m.record_gateway_request("GET", 200, "jwt", TOOK);
        packing.observe(TENANT, TOOK);
        wide.observe(TENANT, TOOK);
        value.observe(TENANT, 4.5);
    };
    record(None);
    assert_eq!(exemplars(&m), []);
    let names = [
        "caracal_database_query_duration_seconds",
        "caracal_gateway_request_duration_seconds",
        "packing_seconds",
        "value_euros",
        "wide_seconds",
    ];
    // The first record creates a series, and the others find it immediately.
    for id in 1..5 {
        record(Some(id));
        record(Some(99));
        assert_eq!(exemplars(&m), names.map(|name| (name.to_owned(), id)));
    }
    TRACE.set(Some(7));
    packing.with(TENANT).observe(TOOK);
    drop(m.family(&WIDE).unwrap().start_timer(TENANT));
    value.with(TENANT).observe(1.0);
    let ids: Vec<_> = exemplars(&m).into_iter().map(|(name, id)| format!("{name} {id}")).collect();
    let timed = "wide_seconds 7".to_owned();
    assert!(ids.contains(&"packing_seconds 7".to_owned()) && ids.contains(&timed), "{ids:?}");
    assert!(ids.contains(&"value_euros 7".to_owned()), "{ids:?}");
    let observed = m.sample("value_euros_count", &[("tenant", "acme")]);
    assert_eq!(observed, Some(10.0), "each was counted once");
}

#[test]
fn a_recorded_exemplar_takes_precedence_over_the_source() {
    let m = traced();
    TRACE.set(Some(1));
    let own = Exemplar::trace(2);
    m.record_gateway_request_with_exemplar("GET", 200, "jwt", TOOK, &own);
    m.family(&VALUE).unwrap().observe_with_exemplar(TENANT, 1.0, &own);
    m.family(&WIDE).unwrap().observe_with_exemplar(TENANT, TOOK, &own);
    assert!(exemplars(&m).iter().all(|(_, id)| *id == 2), "{:?}", exemplars(&m));
    assert_eq!(exemplars(&m).len(), 3);
}

#[test]
fn the_source_is_called_only_if_the_bucket_accepts_an_exemplar() {
    let asked = Arc::new(AtomicU64::new(0));
    let source = Arc::clone(&asked);
    let m = MetricsRegistry::builder()
        .exemplar_source(move || Some(Exemplar::trace(u128::from(source.fetch_add(1, Relaxed)))))
        .build()
        .unwrap();
    for page in 1..4 {
        (0..100).for_each(|_| query(&m));
        assert_eq!(asked.load(Relaxed), page);
        assert_eq!(exemplars(&m).len(), 1);
    }
}

/// The closure can record, and even read the metrics, because it runs under no lock.
#[test]
fn records_of_the_source_get_no_exemplar() {
    let registry: Arc<OnceLock<MetricsRegistry>> = Arc::default();
    let source = Arc::clone(&registry);
    let m = MetricsRegistry::builder()
        .exemplar_source(move || {
            let m = source.get().unwrap();
            m.family(&PACKING).unwrap().observe(TENANT, TOOK);
            assert!(!m.generate_metrics().is_empty());
            Some(Exemplar::trace(1))
        })
        .build()
        .unwrap();
    registry.set(m.clone()).unwrap();
    query(&m);
    assert_eq!(exemplars(&m), [("caracal_database_query_duration_seconds".to_owned(), 1)]);
    assert_eq!(m.sample("packing_seconds_count", &[("tenant", "acme")]), Some(1.0));
}

#[test]
fn a_panic_loses_only_the_exemplar_and_is_counted() {
    let m = MetricsRegistry::builder().exemplar_source(|| panic!("no trace")).build().unwrap();
    let packing = m.family(&PACKING).unwrap();
    packing.observe(TENANT, TOOK);
    query(&m);
    // This timer is dropped while another panic unwinds.
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _timer = packing.start_timer(TENANT);
        panic!("the work failed");
    }));
    assert!(unwound.is_err());
    assert_eq!(exemplars(&m), []);
    let counted = |metric| m.sample("caracal_metrics_invalid_values_total", &[("metric", metric)]);
    assert_eq!(counted("packing_seconds"), Some(2.0));
    assert_eq!(counted("caracal_database_query_duration_seconds"), Some(1.0));
    assert_eq!(m.sample("packing_seconds_count", &[("tenant", "acme")]), Some(2.0));
}
