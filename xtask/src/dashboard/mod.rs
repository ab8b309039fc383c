//! `cargo xtask dashboard`: the Grafana dashboard, from the catalogue and `monitoring/grafana/dashboard.toml`.

mod model;
mod source;

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::docs::Mode;
use crate::workspace::Workspace;

/// Writes the dashboard anew, or checks that it is not stale.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<()> {
    let folder = workspace.metadata.workspace_root.join("monitoring/grafana");
    let source = folder.join("dashboard.toml");
    let text = fs::read_to_string(&source).with_context(|| format!("can't read {source}"))?;
    let new = text_of(&generate(&text).with_context(|| format!("in {source}"))?)?;

    let dashboard = folder.join("caracal.json");
    match mode {
        Mode::Check => {
            // Missing is as stale as different.
            if fs::read_to_string(&dashboard).ok().as_deref() != Some(&new) {
                bail!("{dashboard} is stale; `cargo xtask dashboard` writes it anew");
            }
            Ok(())
        }
        Mode::Write => {
            fs::write(&dashboard, new).with_context(|| format!("can't write {dashboard}"))
        }
    }
}

fn generate(text: &str) -> Result<Value> {
    let source: source::Dashboard = toml::from_str(text)?;
    source.check()?;
    Ok(model::dashboard(&source))
}

fn text_of(dashboard: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(dashboard)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SOURCE: &str = r#"
        title = "Test"
        uid = "test"
        [[row]]
        title = "One"
        [[row.panel]]
        title = "Latency"
        kind = "timeseries"
        width = 16
        quantiles = { metric = "caracal_gateway_request_duration_seconds" }
        [[row.panel]]
        title = "State"
        kind = "state-timeline"
        breaker_states = true
        width = 12
        thresholds = [1, 2]
        queries = [{ expr = 'caracal_circuit_breaker_state{job=~"$job"}', legend = "{{name}}" }]
    "#;

    fn panels(dashboard: &Value) -> &Vec<Value> {
        dashboard["panels"].as_array().unwrap()
    }

    #[test]
    fn panels_flow_into_lines() {
        let dashboard = generate(SOURCE).unwrap();
        let places: Vec<_> =
            panels(&dashboard).iter().map(|panel| panel["gridPos"].clone()).collect();
        assert_eq!(
            places,
            [
                json!({ "h": 1, "w": 24, "x": 0, "y": 0 }),
                json!({ "h": 8, "w": 16, "x": 0, "y": 1 }),
                json!({ "h": 8, "w": 12, "x": 0, "y": 9 }),
            ]
        );
    }

    #[test]
    fn the_catalogue_gives_unit_description_and_states() {
        let dashboard = generate(SOURCE).unwrap();
        let [_, latency, state] = &panels(&dashboard)[..] else { panic!("{dashboard}") };
        assert_eq!(latency["fieldConfig"]["defaults"]["unit"], "s");
        let description = latency["description"].as_str().unwrap();
        assert!(description.contains("Gateway request duration in seconds"), "{description}");
        assert_eq!(latency["targets"].as_array().unwrap().len(), 3);
        let states = &state["fieldConfig"]["defaults"]["mappings"][0]["options"];
        assert_eq!(
            [&states["0"]["text"], &states["1"]["text"], &states["2"]["text"]],
            ["closed", "open", "half_open"]
        );
    }

    #[test]
    fn what_would_not_work_is_an_error() {
        for (from, to, message) in [
            (
                "caracal_circuit_breaker_state{",
                "caracal_breaker_state{",
                "is not a metric of any crate here",
            ),
            ("{job=~\"$job\"}", "", "not of the chosen job"),
            ("width = 12", "width = 25", "does not fit"),
            ("legend = \"{{name}}\"", "legend = \"\"", "has no legend"),
            ("kind = \"state-timeline\"", "kind = \"graph\"", "unknown variant"),
            ("_duration_seconds\"", "_total\"", "is no histogram"),
            ("thresholds = [1, 2]", "thresholds = [2, 1]", "do not rise"),
        ] {
            let changed = SOURCE.replace(from, to);
            assert_ne!(changed, SOURCE, "{from}");
            let error = format!("{:#}", generate(&changed).unwrap_err());
            assert!(error.contains(message), "{error}");
        }
    }
}
