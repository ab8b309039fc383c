//! Exemplars on the page.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caracal_metrics_core::{Exemplar, Format, InvalidExemplar, MetricsRegistry};

fn page(m: &MetricsRegistry, format: Format) -> String {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    String::from_utf8(page).unwrap()
}

/// Returns the bound, labels and value of each exemplar on the page.
fn exemplars(m: &MetricsRegistry) -> Vec<String> {
    page(m, Format::OpenMetrics)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (sample, exemplar) = line.split_once(" # ")?;
            let bound = sample.split_once("le=\"")?.1.split_once('"')?.0;
            let (exemplar, timestamp) = exemplar.rsplit_once(' ')?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
            let seconds: f64 = timestamp.parse().unwrap();
            assert!((now - 3600.0..=now).contains(&seconds), "{line}");
            assert!(timestamp.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{line}");
            Some(format!("{bound} {exemplar}"))
        })
        .collect()
}

fn trace(id: &str) -> Exemplar {
    Exemplar::new(&[("trace_id", id)]).unwrap()
}

#[test]
fn each_bucket_shows_the_first_since_the_last_page() {
    let m = MetricsRegistry::new();
    let requests = m.gateway_request("GET", 200, "jwt");
    requests.record_with_exemplar(Duration::from_millis(3), &trace("first"));
    requests.record_with_exemplar(Duration::from_millis(5), &trace("second"));
    requests.record_with_exemplar(Duration::from_nanos(5_000_001), &trace("third"));
    requests.record(Duration::from_millis(4));
    let slow = Duration::from_secs(90);
    m.record_gateway_request_with_exemplar("GET", 200, "none", slow, &trace("slow"));
    m.record_gateway_request("POST", 200, "jwt", slow);
    assert_eq!(
        exemplars(&m),
        [
            r#"0.005 {trace_id="first"} 0.003"#,
            r#"0.01 {trace_id="third"} 0.005000001"#,
            r#"+Inf {trace_id="slow"} 90"#,
        ]
    );
    let count = m.sample(
        "caracal_gateway_request_duration_seconds_count",
        &[("method", "GET"), ("status_code", "200")],
    );
    assert_eq!(count, Some(5.0));
}

/// A bucket with many requests is not written for each of them, and still shows a new exemplar on each page.
#[test]
fn an_exemplar_is_replaced_after_a_page_has_shown_it() {
    let m = MetricsRegistry::new();
    let requests = m.gateway_request("GET", 200, "jwt");
    let record = |id| requests.record_with_exemplar(Duration::from_millis(1), &trace(id));
    let only = |id| vec![format!(r#"0.005 {{trace_id="{id}"}} 0.001"#)];
    record("first");
    record("second");
    assert_eq!(exemplars(&m), only("first"));
    assert_eq!(exemplars(&m), only("first"), "another scraper has it too");
    record("third");
    record("fourth");
    assert_eq!(exemplars(&m), only("third"));
    assert_eq!(exemplars(&m), only("third"));
}

/// An exemplar that was not written does not count as shown: on a page without exemplars, or on one with other
/// families.
#[test]
fn a_page_without_the_exemplar_does_not_count_as_shown() {
    let m = MetricsRegistry::new();
    let requests = m.gateway_request("GET", 200, "jwt");
    requests.record_with_exemplar(Duration::from_millis(1), &trace("first"));
    assert!(!page(&m, Format::Text).contains(" # "), "text 0.0.4 has no exemplars");
    let others = ["caracal_policy_evaluation_duration_seconds"];
    let mut out = Vec::new();
    m.encode_named(Format::OpenMetrics, &others, &mut out);
    assert!(!String::from_utf8(out).unwrap().contains("gateway"));
    let labels = [("method", "GET"), ("status_code", "200"), ("le", "0.005")];
    let bucket = "caracal_gateway_request_duration_seconds_bucket";
    assert_eq!(m.sample(bucket, &labels), Some(1.0));
    requests.record_with_exemplar(Duration::from_millis(1), &trace("second"));
    assert_eq!(exemplars(&m), [r#"0.005 {trace_id="first"} 0.001"#]);
}

#[test]
fn an_id_is_shown_with_all_its_digits() {
    let m = MetricsRegistry::new();
    let ids = [u128::MAX, 1, 1 << 64, 0x0123_4567_89ab_cdef_0011_2233_4455_6677];
    for id in ids {
        let requests = m.gateway_request("GET", 200, "jwt");
        requests.record_with_exemplar(Duration::from_millis(1), &Exemplar::trace(id));
        assert_eq!(exemplars(&m), [format!(r#"0.005 {{trace_id="{id:032x}"}} 0.001"#)]);
        assert_eq!(trace(&format!("{id:032x}")), Exemplar::trace(id));
    }
    for digits in ["4BF92F3577B34DA6A3CE929D0E0E4736", "+bf92f3577b34da6a3ce929d0e0e4736", "1"] {
        m.gateway_request("GET", 200, "jwt")
            .record_with_exemplar(Duration::from_millis(1), &trace(digits));
        assert_eq!(exemplars(&m), [format!(r#"0.005 {{trace_id="{digits}"}} 0.001"#)]);
    }
}

/// The cells of a dropped registry are reused.
#[test]
fn a_new_registry_has_no_exemplars_of_an_old_one() {
    for round in 0..3 {
        let m = MetricsRegistry::new();
        for status in 200..300 {
            m.gateway_request("GET", status, "jwt").record(Duration::from_millis(1));
        }
        assert_eq!(exemplars(&m), Vec::<String>::new(), "round {round}");
        for status in 200..300 {
            m.gateway_request("GET", status, "jwt")
                .record_with_exemplar(Duration::from_millis(1), &trace("old"));
        }
        assert_eq!(exemplars(&m).len(), 100);
    }
}

#[test]
fn labels_are_escaped_and_counted_in_characters() {
    let m = MetricsRegistry::new();
    let hostile = Exemplar::new(&[("a", "\"\\\n"), ("b", "")]).unwrap();
    let duration = Duration::from_millis(1);
    m.record_gateway_request_with_exemplar("GET", 200, "none", duration, &hostile);
    assert_eq!(exemplars(&m), [r#"0.005 {a="\"\\\n",b=""} 0.001"#]);

    let longest = "\u{e4}".repeat(128 - "trace_id".len());
    Exemplar::new(&[("trace_id", &longest)]).unwrap();
    let too_long = Exemplar::new(&[("trace_id", &format!("{longest}x"))]);
    assert_eq!(too_long, Err(InvalidExemplar::TooLong { characters: 129 }));
    for name in ["", "9", "trace-id", "__name__", "le\"", "a b"] {
        let refused = Exemplar::new(&[(name, "x")]);
        assert_eq!(refused, Err(InvalidExemplar::LabelName { name: name.to_owned() }));
    }
    let twice = Exemplar::new(&[("a", "1"), ("b", "2"), ("a", "3")]);
    assert_eq!(twice, Err(InvalidExemplar::DuplicateLabelName { name: "a".to_owned() }));
}

/// Recording continues while exemplars are stored and read concurrently, and no page has a half-written one.
#[test]
fn exemplars_are_stored_and_read_concurrently() {
    let m = MetricsRegistry::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let m = &m;
            scope.spawn(move || {
                for n in 0..2_000_u64 {
                    // The value contains the same information as the label.
                    let duration = Duration::from_micros(thread * 10_000 + n);
                    let exemplar = trace(&duration.as_micros().to_string());
                    let status = 200 + (n % 10) as u16;
                    m.record_gateway_request_with_exemplar("GET", status, "x", duration, &exemplar);
                }
            });
        }
        for _ in 0..20 {
            for line in exemplars(&m) {
                let micros: f64 = line.split('"').nth(1).unwrap().parse().unwrap();
                let seconds: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
                assert!((micros / 1e6 - seconds).abs() < 1e-9, "{line}");
            }
        }
    });
    assert!(!exemplars(&m).is_empty());
}
