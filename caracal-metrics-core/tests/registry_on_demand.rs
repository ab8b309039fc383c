//! The `prometheus::Registry` of a registry whose builder received none: it is created on demand.

use std::sync::Barrier;
use std::thread;

use caracal_metrics_core::{Counter, Family, FamilyError, Gauge, MetricsRegistry, labels};
use prometheus::core::Collector;
use prometheus::{IntGauge, Opts};

labels! { struct Order<'a> { tenant: &'a str } }

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders.");
static DEPTH: Family<Gauge> = Family::gauge("depth", "Waiting.");
static PARCELS: Family<Gauge> = Family::gauge("parcels", "Parcels.");

fn gauge(name: &str) -> Box<dyn Collector> {
    Box::new(IntGauge::with_opts(Opts::new(name, "Mine")).expect("the name is valid"))
}

fn names(registry: &prometheus::Registry) -> Vec<String> {
    registry.gather().iter().map(|family| family.name().to_owned()).collect()
}

#[test]
fn it_has_earlier_and_later_families() {
    let metrics = MetricsRegistry::builder().const_label("region", "eu").build().unwrap();
    metrics.family(&ORDERS).unwrap().inc(Order { tenant: "acme" });
    let registry = metrics.prometheus_registry().clone();
    metrics.family(&DEPTH).unwrap().set(3);
    for name in ["orders_total", "depth", "caracal_gateway_requests_total"] {
        // A counter of the catalogue without series is not gathered, but its name is reserved.
        assert!(name.starts_with("caracal") || names(&registry).iter().any(|n| n == name));
        registry.register(gauge(name)).unwrap_err();
    }
    assert!(registry.register(gauge("orders_created")).is_err());
}

#[test]
fn names_of_the_users_collectors_are_refused_to_families() {
    let metrics = MetricsRegistry::new();
    metrics.prometheus_registry().register(gauge("depth")).unwrap();
    let name = "depth".to_owned();
    let refused = FamilyError::NameInPrometheusRegistry { name };
    assert_eq!(metrics.family(&DEPTH).unwrap_err(), refused);
    metrics.register(gauge("parcels")).unwrap();
    assert!(metrics.family(&PARCELS).is_err());
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\ndepth 0\n") && page.contains("\nparcels 0\n"), "{page}");
}

#[test]
fn clones_have_the_same_prometheus_registry() {
    let metrics = MetricsRegistry::new();
    let clone = metrics.clone();
    clone.prometheus_registry().register(gauge("depth")).unwrap();
    assert!(metrics.prometheus_registry().register(gauge("depth")).is_err());
    assert_eq!(metrics.sample("depth", &[]), Some(0.0));
}

#[test]
fn no_family_is_missed_while_it_is_created() {
    for _ in 0..500 {
        let metrics = MetricsRegistry::builder().only_used_families().build().unwrap();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                metrics.family(&ORDERS).unwrap();
                metrics.family(&DEPTH).unwrap();
                metrics.family(&PARCELS).unwrap();
            });
            start.wait();
            let _ = metrics.prometheus_registry();
        });
        for name in ["orders_total", "depth", "parcels"] {
            assert!(metrics.prometheus_registry().register(gauge(name)).is_err(), "{name}");
        }
    }
}
