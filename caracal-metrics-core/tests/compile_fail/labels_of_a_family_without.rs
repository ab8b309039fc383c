use caracal_metrics_core::{Counter, Family, MetricsRegistry};

static RESTARTS: Family<Counter> = Family::counter("restarts_total", "Worker restarts.");

fn main() {
    let restarts = MetricsRegistry::new().family(&RESTARTS).unwrap();
    restarts.with(()).inc();
}
