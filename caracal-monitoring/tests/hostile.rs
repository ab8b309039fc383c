//! Names and texts from outside are unchanged in the files, whatever they contain.

use caracal_metrics_core::MetricsRegistry;
use caracal_monitoring::{Target, TargetError, dashboard, rules, scrape_config};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: Option<String>,
    expr: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scrape {
    scrape_configs: Vec<Job>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(rename = "job_name")]
    name: String,
    metrics_path: Option<String>,
    static_configs: Vec<Addresses>,
}

#[derive(Deserialize)]
struct Addresses {
    targets: Vec<String>,
}

/// The value of the string by which an expression selects the job, according to PromQL. Its escapes are
/// those of Go.
fn selected_job(expression: &str) -> String {
    let mut rest = expression.split_once("job=\"").expect("a matcher").1.chars();
    let mut job = String::new();
    let code = |digits: String| u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    loop {
        let c = match rest.next().expect("the string ends") {
            '"' => return job,
            '\\' => match rest.next().expect("an escape") {
                'n' => '\n',
                'u' => code(rest.by_ref().take(4).collect()).expect("a code of four digits"),
                'U' => code(rest.by_ref().take(8).collect()).expect("a code of eight digits"),
                c @ ('"' | '\\') => c,
                c => panic!("PromQL has no escape {c:?}"),
            },
            c => {
                assert!(!c.is_control(), "{c:?} in {expression:?}");
                c
            }
        };
        job.push(c);
    }
}

/// Characters with a meaning for some parsers.
const SPECIAL: &str = "\"\\{}[]<>$#:-'`\n\r\t %&*!|>@,?\0\u{7f}\u{85}\u{2028}\u{feff}";

fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        any::<char>(),
        proptest::sample::select(SPECIAL.chars().collect::<Vec<_>>()),
        proptest::char::range('a', 'z'),
    ];
    proptest::collection::vec(c, 1..24).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn files_say_what_was_said(job in text(), help in text(), path in text()) {
        let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
        let gauge = prometheus::IntGauge::new("stock_items", help.clone()).unwrap();
        metrics.register(Box::new(gauge)).unwrap();
        let path = format!("/{path}");
        let target = Target::new(&*job, "shop:9000").unwrap().metrics_path(&*path).unwrap();

        let scrape: Scrape = serde_saphyr::from_str(&scrape_config(&target)).unwrap();
        let scraped = &scrape.scrape_configs[0];
        prop_assert_eq!(&scraped.name, &job);
        prop_assert_eq!(scraped.metrics_path.as_ref(), Some(&path));
        prop_assert_eq!(&scraped.static_configs[0].targets, &["shop:9000"]);

        let rules: Rules = serde_saphyr::from_str(&rules(&metrics, &target)).unwrap();
        for group in &rules.groups {
            prop_assert!(group.name.starts_with(&job), "{:?}", group.name);
            for rule in &group.rules {
                prop_assert_eq!(&selected_job(&rule.expr), &job);
                if let Some(alert) = &rule.alert {
                    prop_assert!(alert.chars().all(|c| c.is_ascii_alphanumeric()), "{alert}");
                    prop_assert!(!alert.starts_with(|c: char| c.is_ascii_digit()), "{alert}");
                }
            }
        }

        let dashboard: Value = serde_json::from_str(&dashboard(&metrics, &target)).unwrap();
        prop_assert_eq!(&dashboard["title"], &Value::from(&*job));
        let uid = dashboard["uid"].as_str().unwrap();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        prop_assert!((1..=40).contains(&uid.len()) && uid.chars().all(is_allowed), "{uid}");
        let panels = dashboard["panels"].as_array().unwrap();
        let own = panels.iter().find(|panel| panel["title"] == "stock_items").unwrap();
        prop_assert!(own["description"].as_str().unwrap().contains(help.trim_end()), "{own}");
    }
}

#[test]
fn a_target_that_nobody_can_scrape_is_refused() {
    for address in ["", "http://shop:9000", "shop:9000/metrics", "shop 9000", "a\"b", "a\nb"] {
        let error = Target::new("shop", address).unwrap_err();
        assert_eq!(error, TargetError::InvalidAddress { address: address.to_owned() });
        assert!(error.to_string().contains("use a host and a port"), "{error}");
    }
    for address in ["shop:9000", "10.0.0.1:80", "[::1]:9000", "[fe80::1%eth0]:80", "shop"] {
        let _ = Target::new("shop", address).unwrap();
    }
    assert_eq!(Target::new("", "shop:9000").unwrap_err(), TargetError::EmptyJob);
    let relative = Target::new("shop", "shop:9000").unwrap().metrics_path("metrics").unwrap_err();
    assert_eq!(relative, TargetError::InvalidPath { path: "metrics".to_owned() });
}
