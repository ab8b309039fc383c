use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};

labels! { struct Cache<'a> { cache: &'a str } }

static HITS: Family<Counter, Cache<'_>> = Family::counter("cache_hits_total", "Hits.");

fn main() {
    let metrics = MetricsRegistry::new();
    let mut builder = metrics.attach(InstanceKind::new("cache"), Some("sessions")).unwrap();
    builder.sampled_gauge(&HITS, Cache { cache: "sessions" }).unwrap();
}
