//! Checks the files of several services with promtool.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
use integration_tests::{monitoring, promtool, promtool_test_rules};
use serde_json::{Value, json};

use crate::services::{JOB, Shop};

/// Words that must not appear in the files of a service that is not a gateway.
const OF_A_GATEWAY: [&str; 6] = ["policy", "replay", "agent", "gateway", "Gateway", "RUNBOOK"];

/// Writes the files of a service into a folder, and checks them with promtool.
fn check(folder: &Path, rules: &str, scrape_config: &str) -> Result<()> {
    let [rules_file, config] = ["rules.yml", "scrape.yml"].map(|file| folder.join(file));
    fs::write(&rules_file, rules)?;
    fs::write(&config, scrape_config)?;
    for (command, file) in [("rules", &rules_file), ("config", &config)] {
        let report = promtool(&["check", command, &file.display().to_string()])?;
        ensure!(
            report.code == 0,
            "{}: {}\n{rules}\n{scrape_config}",
            file.display(),
            report.output
        );
    }
    Ok(())
}

pub(crate) async fn accepts_each_service() -> Result<()> {
    let folder = tempfile::tempdir()?;
    check(folder.path(), &monitoring("rules.yml")?, &monitoring("prometheus.yml")?)?;

    let shop = Shop::with_gateway_names().await?;
    check(folder.path(), &shop.rules(), &shop.scrape_config())?;
    let panels = shop.dashboard();
    for word in ["policy", "replay", "Caracal", "caracal", "RUNBOOK"] {
        ensure!(!shop.rules().contains(word), "{word} in the rules of a shop: {}", shop.rules());
        ensure!(!panels.contains(word), "{word} in the dashboard of a shop: {panels}");
    }
    for part in ["alert: ShopApiErrorBudgetBurn1h", "alert: ShopApiTargetAbsent"] {
        ensure!(shop.rules().contains(part), "{}", shop.rules());
    }

    let http = Shop::with_http_names().await?;
    check(folder.path(), &http.rules(), &http.scrape_config())?;
    for word in OF_A_GATEWAY {
        ensure!(!http.rules().contains(word), "{word} in the rules of a shop: {}", http.rules());
        ensure!(!http.dashboard().contains(word), "{word} in a shop: {}", http.dashboard());
    }
    ensure!(http.rules().contains("job:http_server_error_ratio:rate5m"), "{}", http.rules());
    // It has no pool, no breaker and no observed runtime.
    for word in ["Database", "CircuitBreaker", "Tokio"] {
        ensure!(!http.rules().contains(word) && !shop.rules().contains(word), "{word}");
    }
    Ok(())
}

/// The expected state of an alert: if it fires, its labels in addition to its severity.
fn alert(name: &str, at: &str, mut firing: Option<Value>) -> Value {
    if let Some(labels) = &mut firing {
        labels["alertname"] = json!(name);
        labels["alertstate"] = json!("firing");
        labels["severity"] = json!("critical");
    }
    let series = firing.map(|labels| {
        let pair = |(name, value): (&String, &Value)| format!("{name}={value}");
        let pairs: Vec<_> = labels.as_object().into_iter().flatten().map(pair).collect();
        json!({ "labels": format!("ALERTS{{{}}}", pairs.join(",")), "value": 1 })
    });
    json!({
        "expr": format!("ALERTS{{alertname=\"{name}\"}}"),
        "eval_time": at,
        "exp_samples": series.into_iter().collect::<Vec<_>>(),
    })
}

fn test_rules(rules: &str, series: &[(String, &str)], expected: &[Value]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rules.yml");
    fs::write(&file, rules)?;
    let series = series.iter().map(|(name, values)| json!({ "series": name, "values": values }));
    let report = promtool_test_rules(&json!({
        "rule_files": [file],
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": series.collect::<Vec<_>>(),
            "promql_expr_test": expected,
        }],
    }))?;
    ensure!(report.code == 0, "{}\n{rules}", report.output);
    Ok(())
}

/// Half of the requests fail. The alert fires for the service that received them, and not for another
/// service with the same metrics.
pub(crate) async fn alerts_are_about_their_own_job() -> Result<()> {
    let shop = Shop::with_gateway_names().await?;
    let http = Shop::with_http_names().await?;
    let requests = |job: &str, code: &str| {
        format!("shop_gateway_requests_total{{job=\"{job}\",status_code=\"{code}\"}}")
    };
    let answered = |job: &str, labels: &str| {
        let labels = format!("{{job=\"{job}\",{labels}}}");
        format!("http_server_request_duration_seconds_count{labels}")
    };
    let (counting, nothing) = ("0+60x60", "0x60");
    let name = "ShopApiErrorBudgetBurn1h";
    let up = |job: &str| (format!("up{{job=\"{job}\",instance=\"a\"}}"), "1x60");
    for (job, fires) in [(JOB, true), ("another", false)] {
        let firing = fires.then(|| json!({ "job": JOB }));
        let absent = (!fires).then(|| json!({ "job": JOB }));
        let expected = [
            alert(name, "30m", firing),
            alert("ShopApiTargetAbsent", "30m", absent),
            alert("ShopApiTargetDown", "30m", None),
        ];
        let series = [(requests(job, "200"), counting), (requests(job, "500"), counting), up(job)];
        test_rules(&shop.rules(), &series, &expected)?;
        let series = [
            (answered(job, "http_response_status_code=\"200\""), counting),
            // No response was sent.
            (answered(job, "error_type=\"failed\""), counting),
            up(job),
        ];
        test_rules(&http.rules(), &series, &expected)?;
    }
    // A client that disconnects is not a failure of the service.
    let series = [
        (answered(JOB, "http_response_status_code=\"200\""), counting),
        (answered(JOB, "error_type=\"client_closed\""), counting),
        (answered(JOB, "error_type=\"500\""), nothing),
        up(JOB),
    ];
    test_rules(&http.rules(), &series, &[alert(name, "30m", None)])
}

/// Prometheus reads a name with any characters unchanged.
pub(crate) async fn a_hostile_job_breaks_nothing() -> Result<()> {
    let metrics = MetricsRegistry::builder().namespace("shop").build()?;
    for job in [
        "a\"b",
        "\\",
        "\"} or vector(1) #",
        "{{ $value }}",
        "x: [1, 2]\n- y: 'z'",
        "on",
        "1e3",
        " leading and trailing ",
        "\u{202e}gnol\u{85}\u{2028}\u{7f}\u{1f600}漢é",
        "%{a}$b`c`",
    ] {
        let target = Target::new(job, "localhost:9000")?;
        let folder = tempfile::tempdir()?;
        let (rules, scrape) = (rules(&metrics, &target), scrape_config(&target));
        check(folder.path(), &rules, &scrape)?;
        let _: Value = serde_json::from_str(&dashboard(&metrics, &target))?;

        let absent = rules.lines().find_map(|line| line.trim().strip_prefix("- alert: "));
        let down = absent.unwrap_or_default();
        let absent = down.replace("TargetDown", "TargetAbsent");
        ensure!(down.ends_with("TargetDown"), "{rules}");
        // promtool reads these strings as PromQL, which accepts all JSON strings.
        let quoted = Value::from(job);
        let up = |value| (format!("up{{job={quoted},instance=\"a\"}}"), value);
        let expected = [
            alert(down, "20m", Some(json!({ "job": job, "instance": "a" }))),
            alert(&absent, "20m", None),
        ];
        test_rules(&rules, &[up("0x30")], &expected)?;
        test_rules(
            &rules,
            &[up("1x30")],
            &[alert(down, "20m", None), alert(&absent, "20m", None)],
        )?;
        test_rules(&rules, &[], &[alert(&absent, "20m", Some(json!({ "job": job })))])?;
    }
    Ok(())
}
