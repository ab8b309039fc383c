//! Labels that a series leaves out.

use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};

labels! {
    enum Reply { None => "", Ok => "200" }
    struct Sent<'a> { reply: Reply, host: &'a str }
}

static SENT: Family<Counter, Sent<'_>> = Family::counter("sent_total", "Requests that were sent.");

#[test]
fn a_closed_label_with_an_empty_value_is_left_out() {
    let metrics = MetricsRegistry::new();
    let sent = metrics.family(&SENT).unwrap();
    sent.inc(Sent { reply: Reply::None, host: "a" });
    sent.inc(Sent { reply: Reply::Ok, host: "a" });
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let samples: Vec<_> = page.lines().filter(|line| line.starts_with("sent_total{")).collect();
    assert_eq!(samples, [r#"sent_total{host="a"} 1"#, r#"sent_total{reply="200",host="a"} 1"#]);
    // A scraper that requests protobuf and a `prometheus::Registry` get these.
    let families = metrics.prometheus_registry().gather();
    let family = families.iter().find(|family| family.name() == "sent_total").unwrap();
    let labels: Vec<_> = family.get_metric().iter().map(|m| m.get_label().len()).collect();
    assert_eq!(labels, [1, 2]);
}
