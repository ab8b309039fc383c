//! Registers families while the attached `prometheus::Registry` gathers from a collector that does not return.
//! The registry keeps its lock while it gathers.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};
use prometheus::IntCounter;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

/// The maximum time to wait, so that a failing test ends.
const LONG: Duration = Duration::from_secs(20);

labels! { struct Queue<'a> { queue: &'a str } }

static JOBS: Family<Counter, Queue<'_>> = Family::counter("jobs_total", "Jobs.");
static NEW: Family<Counter> = Family::counter("new_total", "Registered meanwhile.");

/// Sends that it is being collected, and waits until it can continue.
struct Waits {
    counter: IntCounter,
    collecting: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
}

impl Collector for Waits {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.collecting.lock().unwrap().send(()).unwrap();
        // Returns an error once the test is over.
        let _ = self.go_on.lock().unwrap().recv();
        self.counter.collect()
    }
}

#[test]
fn registered_families_are_returned_and_new_ones_wait() {
    let metrics =
        MetricsRegistry::builder().collection_timeout(Duration::from_millis(20)).build().unwrap();
    metrics.family(&JOBS).unwrap();
    let (collecting, is_collecting) = channel();
    let (go, go_on) = channel();
    let counter = IntCounter::new("app_total", "App.").unwrap();
    let waits = Waits { counter, collecting: Mutex::new(collecting), go_on: Mutex::new(go_on) };
    metrics.prometheus_registry().register(Box::new(waits)).unwrap();

    // The page does not wait for the collector, which keeps running.
    assert!(!metrics.generate_metrics().is_empty());
    is_collecting.recv_timeout(LONG).unwrap();

    let registering = Arc::new(metrics.clone());
    let new = thread::spawn(move || registering.family(&NEW).map(|new| new.inc()));
    let (done, is_done) = channel();
    let others = thread::spawn({
        let metrics = metrics.clone();
        move || {
            for round in 0..100 {
                metrics.family(&JOBS).unwrap().inc(Queue { queue: "mail" });
                let mut builder = metrics.attach(InstanceKind::new("queue"), Some("mail")).unwrap();
                builder.series(&JOBS, Queue { queue: "mail" }).unwrap().inc();
                let instance = builder.build();
                let jobs = metrics.sample("jobs_total", &[("queue", "mail")]);
                assert_eq!(jobs, Some(f64::from(round) + 2.0));
                drop(instance);
            }
            done.send(()).unwrap();
        }
    });
    is_done.recv_timeout(LONG).expect("a registered family does not wait");
    others.join().unwrap();

    drop(go);
    new.join().unwrap().unwrap();
    assert_eq!(metrics.sample("new_total", &[]), Some(1.0));
}
