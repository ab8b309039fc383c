//! Collectors of a user.

use std::sync::{Arc, Condvar, Mutex};

use caracal_metrics_core::MetricsRegistry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, Opts};
use tokio::sync::watch;

use super::support::{DEADLINE, within};

/// A gauge with the value 1 that runs the given function when it is scraped.
pub(crate) struct Scraped<F>(Gauge, F);

impl<F: Fn() + Send + Sync> Scraped<F> {
    pub(crate) fn new(name: &str, scraped: F) -> Self {
        let gauge = Gauge::with_opts(Opts::new(name, "Reads 1")).unwrap();
        gauge.set(1.0);
        Self(gauge, scraped)
    }
}

impl<F: Fn() + Send + Sync> Collector for Scraped<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        (self.1)();
        self.0.collect()
    }
}

/// Blocks every page until it is opened.
pub(crate) struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    entered: watch::Receiver<usize>,
}

impl Gate {
    pub(crate) fn register(metrics: &MetricsRegistry) -> Self {
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let waits = Arc::clone(&open);
        let (enter, entered) = watch::channel(0);
        let collector = Scraped::new("gate", move || {
            enter.send_modify(|entered| *entered += 1);
            let open = waits.0.lock().unwrap();
            let waited = waits.1.wait_timeout_while(open, DEADLINE, |open| !*open);
            assert!(!waited.unwrap().1.timed_out(), "the gate never opened");
        });
        metrics.register(Box::new(collector)).unwrap();
        Self { open, entered }
    }

    /// Waits until this number of pages has been begun.
    pub(crate) async fn entered(&self, pages: usize) {
        within(self.entered.clone().wait_for(|entered| *entered >= pages)).await.unwrap();
    }

    /// The number of pages that have been begun.
    pub(crate) fn pages(&self) -> usize {
        *self.entered.borrow()
    }

    pub(crate) fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

/// Makes the page longer than the buffers of two sockets, by the help text of one gauge.
pub(crate) fn long_page(metrics: &MetricsRegistry) {
    let gauge = Gauge::with_opts(Opts::new("long", "x".repeat(8 << 20))).unwrap();
    metrics.register(Box::new(gauge)).unwrap();
}
