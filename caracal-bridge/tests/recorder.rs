//! How records through the facade appear on the page.

use std::sync::Barrier;
use std::thread;

use caracal_bridge::families::FACADE_REFUSED_RECORDS;
use caracal_bridge::{FacadeRecorder, Matcher, RecorderBuilder, RecorderExt, Refusal};
use caracal_metrics_core::{Counter, Family, Format, MetricsRegistry};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
    with_local_recorder,
};

struct Scene {
    registry: MetricsRegistry,
    recorder: FacadeRecorder,
}

impl Scene {
    fn new() -> Self {
        Self::of(MetricsRegistry::builder().only_used_families().build().unwrap())
    }

    fn of(registry: MetricsRegistry) -> Self {
        let recorder = registry.recorder();
        Self { registry, recorder }
    }

    fn record(&self, record: impl FnOnce()) {
        with_local_recorder(&self.recorder, record);
    }

    fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.registry.sample(name, labels)
    }

    fn page(&self, format: Format) -> String {
        let mut page = Vec::new();
        self.registry.encode(format, &mut page);
        String::from_utf8(page).unwrap()
    }

    fn refused(&self, metric: &str, reason: &str) -> Option<f64> {
        let labels = [("metric", metric), ("reason", reason)];
        self.sample("caracal_facade_refused_records_total", &labels)
    }
}

#[test]
fn instruments_are_on_the_page_in_every_format() {
    let scene = Scene::new();
    scene.record(|| {
        describe_counter!("http.requests", Unit::Count, "Requests \"served\".");
        describe_histogram!("http.time", Unit::Seconds, "Time of a request.");
        counter!("http.requests", "path" => "/a\"b\\c\n").increment(2);
        gauge!("queue.depth").set(1.5);
        histogram!("http.time", "path" => "/").record(0.03);
    });
    let text = scene.page(Format::Text);
    for line in [
        "# HELP http_requests_total Requests \"served\".",
        "# TYPE http_requests_total counter",
        r#"http_requests_total{path="/a\"b\\c\n"} 2"#,
        "# HELP queue_depth \"queue.depth\", recorded through the metrics facade",
        "queue_depth 1.5",
        "# TYPE http_time_seconds histogram",
        r#"http_time_seconds_bucket{path="/",le="0.025"} 0"#,
        r#"http_time_seconds_bucket{path="/",le="0.05"} 1"#,
        r#"http_time_seconds_bucket{path="/",le="+Inf"} 1"#,
        r#"http_time_seconds_sum{path="/"} 0.03"#,
        r#"http_time_seconds_count{path="/"} 1"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is missing:\n{text}");
    }
    let open_metrics = scene.page(Format::OpenMetrics);
    assert!(open_metrics.contains("# UNIT http_time_seconds seconds\n"), "{open_metrics}");
    let mut protobuf = Vec::new();
    scene.registry.encode(Format::Protobuf, &mut protobuf);
    let has = |bytes: &[u8]| protobuf.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"path") && has(b"/a\"b\\c\n"), "labels are read back, and not escaped");
}

#[test]
fn series_of_one_name_have_each_their_own_labels() {
    let scene = Scene::new();
    scene.record(|| {
        counter!("jobs").increment(1);
        counter!("jobs", "queue" => "mail").increment(2);
        counter!("jobs", "queue" => "mail", "tenant" => "acme").increment(3);
        counter!("jobs", "tenant" => "acme", "queue" => "mail").increment(4);
        // For Prometheus, a missing label and an empty one are the same.
        counter!("jobs", "queue" => "").increment(5);
        let labels: Vec<_> = (0..20).map(|n| (format!("label_{n}"), n.to_string())).collect();
        counter!("jobs", &labels).increment(6);
    });
    assert_eq!(scene.sample("jobs_total", &[]), Some(6.0));
    assert_eq!(scene.sample("jobs_total", &[("queue", "mail")]), Some(2.0));
    assert_eq!(scene.sample("jobs_total", &[("queue", "mail"), ("tenant", "acme")]), Some(7.0));
    assert!(scene.page(Format::Text).contains("label_0=\"0\",label_1=\"1\",label_10=\"10\""));
}

#[test]
fn labels_of_the_registry_are_added() {
    let registry = MetricsRegistry::builder().const_label("region", "eu").build().unwrap();
    let scene = Scene::of(registry);
    scene.record(|| {
        counter!("jobs").increment(1);
        counter!("jobs", "region" => "us", "le" => "1", "a.b" => "x").increment(2);
        histogram!("took").record(1.0);
    });
    assert_eq!(scene.sample("jobs_total", &[("region", "eu")]), Some(1.0));
    let labels = [("exported_region", "us"), ("exported_le", "1"), ("a_b", "x"), ("region", "eu")];
    assert_eq!(scene.sample("jobs_total", &labels), Some(2.0));
    assert_eq!(scene.sample("took_bucket", &[("region", "eu"), ("le", "1.0")]), Some(1.0));
    assert_eq!(scene.recorder.refusals(), []);
}

#[test]
fn descriptions_may_come_late_and_the_first_one_counts() {
    let scene = Scene::new();
    scene.record(|| {
        gauge!("depth").set(1.0);
        describe_gauge!("depth", Unit::Bytes, "Depth.");
        describe_gauge!("depth", "Another text.");
    });
    let page = scene.page(Format::Text);
    // The family already has its name.
    assert!(page.contains("# HELP depth Depth.\n# TYPE depth gauge\ndepth 1.0\n"), "{page}");
}

#[test]
fn absolute_never_lowers_a_counter() {
    let scene = Scene::new();
    scene.record(|| {
        let counter = counter!("read");
        counter.absolute(10);
        counter.absolute(7);
        counter.increment(5);
        counter.absolute(12);
        assert_eq!(scene.sample("read_total", &[]), Some(15.0));
        counter.absolute(u64::MAX);
        counter.absolute(3);
    });
    assert!(scene.page(Format::Text).contains("read_total 18446744073709551615\n"));
}

#[test]
fn totals_that_several_threads_raise_are_not_added_up() {
    const TOTAL: u64 = 50_000;
    const THREADS: usize = 4;

    let scene = Scene::new();
    let begin = Barrier::new(THREADS);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                scene.record(|| {
                    let read = counter!("read");
                    begin.wait();
                    (1..=TOTAL).for_each(|total| read.absolute(total));
                });
            });
        }
    });
    assert_eq!(scene.sample("read_total", &[]), Some(TOTAL as f64));
}

#[test]
fn a_number_may_be_recorded_many_times() {
    let scene = Scene::new();
    scene.record(|| histogram!("polls", "a" => "b").record_many(0.5, 1_000_000_000));
    assert_eq!(scene.sample("polls_count", &[("a", "b")]), Some(1e9));
    assert_eq!(scene.sample("polls_sum", &[("a", "b")]), Some(5e8));
}

#[test]
fn values_that_are_not_finite_are_counted() {
    let scene = Scene::new();
    scene.record(|| {
        histogram!("took").record(f64::NAN);
        histogram!("took").record(f64::INFINITY);
        histogram!("took").record(1.0);
        gauge!("depth").set(f64::INFINITY);
        gauge!("depth").set(2.0);
    });
    let invalid =
        |metric| scene.sample("caracal_metrics_invalid_values_total", &[("metric", metric)]);
    assert_eq!((invalid("took"), invalid("depth")), (Some(2.0), Some(1.0)));
    assert_eq!(scene.sample("took_sum", &[]), Some(1.0));
    assert_eq!(scene.sample("depth", &[]), Some(2.0));
}

#[test]
fn conflicts_are_counted_and_reported() {
    static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders.");

    let registry = MetricsRegistry::new();
    registry.family(&ORDERS).unwrap().inc();
    let scene = Scene::of(registry);
    scene.record(|| {
        counter!("jobs.run").increment(1);
        // This metric has the same name on the page.
        counter!("jobs_run").increment(1);
        counter!("jobs-run").absolute(1);
        // This metric is of another kind.
        gauge!("jobs.run").set(1.0);
        gauge!("jobs.run").increment(1.0);
        histogram!("jobs.run").record_many(1.0, 3);
        // This is one of the service's own families.
        counter!("orders").increment(1);
        counter!("").increment(1);
        counter!("a".repeat(300)).increment(1);
    });
    assert_eq!(scene.sample("jobs_run_total", &[]), Some(1.0));
    assert_eq!(scene.sample("orders_total", &[]), Some(1.0));
    assert_eq!(scene.refused("jobs_run", "name"), Some(1.0));
    assert_eq!(scene.refused("jobs-run", "name"), Some(1.0));
    // These are the records of the gauge and of the histogram.
    assert_eq!(scene.refused("jobs.run", "name"), Some(5.0));
    assert_eq!(scene.refused("orders", "name"), Some(1.0));
    let said: Vec<_> = scene.recorder.refusals().iter().map(ToString::to_string).collect();
    let expected: [&[&str]; 7] = [
        &["counter \"jobs_run\"", "\"jobs_run_total\"", "jobs.run", "rename one of them"],
        &["counter \"jobs-run\""],
        &["gauge \"jobs.run\"", "\"jobs_run_total\"", "rename one of them"],
        &["histogram \"jobs.run\""],
        &["counter \"orders\"", "\"orders_total\"", "Orders.", "rename one of them"],
        &["counter \"\"", "not a valid metric name"],
        &["300 bytes", "256", "shorten it"],
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, parts) in said.iter().zip(expected) {
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
}

#[test]
fn labels_that_no_series_can_have_are_counted_and_reported() {
    let registry = MetricsRegistry::builder().aggregate_label("tenant").build().unwrap();
    let scene = Scene::of(registry);
    scene.record(|| {
        let labels: Vec<_> = (0..65).map(|n| (format!("label_{n}"), "x")).collect();
        counter!("jobs", &labels).increment(1);
        counter!("jobs", "a.b" => "1", "a-b" => "2").increment(1);
        counter!("jobs", "tenant" => "acme").increment(1);
        counter!("jobs", "tenant" => "other").increment(1);
        counter!("jobs", "tenant" => "other").absolute(100);
        gauge!("depth", "tenant" => "acme").set(1.0);
    });
    assert_eq!(scene.refused("jobs", "labels"), Some(2.0));
    assert_eq!(scene.refused("depth", "labels"), Some(1.0));
    // The total of one tenant says nothing about the sum of all tenants.
    assert_eq!(scene.sample("jobs_total", &[("tenant", "aggregated")]), Some(2.0));
    let limited = [("metric", "jobs_total")];
    assert_eq!(scene.sample("caracal_metrics_series_limited_total", &limited), Some(1.0));
    let refusals = scene.recorder.refusals();
    assert!(matches!(refusals[0], Refusal::Labels { .. }), "{refusals:?}");
    assert!(refusals[1].to_string().contains("can't be aggregated"), "{refusals:?}");
    assert_eq!(refusals.len(), 2, "each metric is reported once: {refusals:?}");
}

#[test]
fn metrics_past_the_limit_are_counted_and_reported() {
    let registry = MetricsRegistry::new();
    let recorder = RecorderBuilder::new(&registry).max_metrics(2).build().unwrap();
    let scene = Scene { registry, recorder };
    scene.record(|| (0..100).for_each(|user| counter!(format!("user_{user}")).increment(1)));
    scene.record(|| counter!("user_1").increment(1));
    assert_eq!(scene.sample("user_0_total", &[]), Some(1.0));
    assert_eq!(scene.sample("user_1_total", &[]), Some(2.0));
    assert_eq!(scene.sample("user_2_total", &[]), None);
    assert_eq!(scene.refused("user_2", "limit"), Some(1.0));
    let [refusal] = &scene.recorder.refusals()[..] else { panic!("reported once") };
    assert!(refusal.to_string().contains("raise `max_metrics`"), "{refusal}");
}

/// Of several threads that record into the last metric for the first time, none is refused.
#[test]
fn the_last_metric_counts_for_every_thread() {
    const THREADS: usize = 4;

    for _ in 0..200 {
        let registry = MetricsRegistry::new();
        let recorder = RecorderBuilder::new(&registry).max_metrics(1).build().unwrap();
        let begin = Barrier::new(THREADS);
        thread::scope(|threads| {
            for _ in 0..THREADS {
                threads.spawn(|| {
                    begin.wait();
                    with_local_recorder(&recorder, || counter!("jobs").increment(1));
                });
            }
        });
        assert_eq!(registry.sample("jobs_total", &[]), Some(THREADS as f64));
        assert_eq!(recorder.refusals(), []);
    }
}

#[test]
fn long_values_are_cut_and_counted() {
    let scene = Scene::new();
    scene.record(|| {
        for end in ["a", "b"] {
            let long = "x".repeat(300) + end;
            (0..3).for_each(|_| counter!("jobs", "q" => long.clone()).increment(1));
        }
    });
    let page = scene.page(Format::Text);
    let lines: Vec<_> = page.lines().filter(|line| line.starts_with("jobs_total{")).collect();
    assert_eq!(lines.len(), 2, "{page}");
    assert!(lines.iter().all(|line| line.len() < 300 && line.contains('…')), "{page}");
}

#[test]
fn buckets_follow_names() {
    let registry = MetricsRegistry::new();
    let recorder = RecorderBuilder::new(&registry)
        .buckets(Matcher::Suffix("_size".to_owned()), &[1.0, 2.0])
        .buckets(Matcher::Prefix("db.".to_owned()), &[3.0])
        .default_buckets(&[4.0])
        .build()
        .unwrap();
    let scene = Scene { registry, recorder };
    scene.record(|| {
        histogram!("page_size").record(1.5);
        histogram!("db.rows_size").record(1.5);
        histogram!("other").record(1.5);
    });
    for (name, le) in [("page_size", "2.0"), ("db_rows_size", "3.0"), ("other", "4.0")] {
        assert_eq!(scene.sample(&format!("{name}_bucket"), &[("le", le)]), Some(1.0), "{name}");
    }
}

#[test]
fn buckets_that_are_not_valid_are_refused_with_their_names() {
    let registry = MetricsRegistry::new();
    for (bounds, expected) in [
        (&[2.0, 1.0][..], "must be ascending and finite: 1 comes after 2"),
        (&[], "has no buckets"),
        (&[f64::NAN], "must be ascending and finite"),
    ] {
        let builder = RecorderBuilder::new(&registry);
        let rule = Matcher::Suffix("_size".to_owned());
        let error = builder.buckets(rule, bounds).build().unwrap_err().to_string();
        assert!(error.contains("\"*_size\"") && error.contains(expected), "{error}");
    }
    let many: Vec<_> = (0..63_u8).map(f64::from).collect();
    let error = RecorderBuilder::new(&registry).default_buckets(&many).build().unwrap_err();
    assert!(error.to_string().contains("63 bounds, but at most 62 are allowed"), "{error}");
}

#[test]
fn recorders_of_several_registries_are_kept_apart() {
    let [one, two] = [Scene::new(), Scene::new()];
    for _ in 0..3 {
        one.record(|| counter!("jobs", "a" => "b").increment(1));
        two.record(|| {
            counter!("jobs", "a" => "b").increment(10);
            one.record(|| counter!("jobs", "a" => "b").increment(1));
        });
    }
    let labels = [("a", "b")];
    assert_eq!(one.sample("jobs_total", &labels), Some(6.0));
    assert_eq!(two.sample("jobs_total", &labels), Some(30.0));
    // A second recorder of a registry records into the same series, even after the first one has
    // been dropped.
    let second = one.registry.recorder();
    let Scene { registry, recorder } = one;
    drop(recorder);
    with_local_recorder(&second, || counter!("jobs", "a" => "b").increment(1));
    assert_eq!(registry.sample("jobs_total", &labels), Some(7.0));
}

#[test]
fn the_family_of_refused_records_may_be_taken() {
    static TAKEN: Family<Counter> =
        Family::counter("caracal_facade_refused_records_total", "Taken.");

    let registry = MetricsRegistry::new();
    registry.family(&TAKEN).unwrap();
    let error = RecorderBuilder::new(&registry).build().unwrap_err();
    assert!(error.to_string().contains("rename one of them"), "{error}");
    assert_eq!(FACADE_REFUSED_RECORDS.spec().name, "facade_refused_records_total");
}

#[test]
fn names_that_other_formats_reserve_are_exposed_as_they_are() {
    let scene = Scene::new();
    scene.record(|| {
        gauge!("threads_total").set(3.0);
        gauge!("connections_count").set(4.0);
    });
    for format in [Format::Text, Format::OpenMetrics] {
        let page = scene.page(format);
        assert!(page.contains("\nthreads_total 3.0\n"), "{page}");
        assert!(page.contains("\nconnections_count 4.0\n"), "{page}");
    }
}
