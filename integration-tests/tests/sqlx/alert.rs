//! The alerts about a fully used pool, evaluated on the page of a real pool.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::promtool_test_rules;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;

use crate::scene::Scene;

const CAPACITY: u32 = 10;

/// The values on the page of a pool in one situation.
struct Instance {
    name: &'static str,
    size: f64,
    checked_out: f64,
}

impl Instance {
    fn read(name: &'static str, scene: &Scene) -> Result<Self> {
        let [size, checked_out] = [scene.pool_value("size")?, scene.pool_value("checked_out")?];
        Ok(Self { name, size, checked_out })
    }

    /// Returns the series that Prometheus would have stored after half an hour without changes.
    fn series(&self) -> [Value; 2] {
        [("size", self.size), ("checked_out", self.checked_out)].map(|(family, value)| {
            let family = format!("caracal_database_connection_pool_{family}");
            let labels = format!("job=\"caracal-gateway\",instance=\"{}\"", self.name);
            json!({ "series": format!("{family}{{{labels}}}"), "values": format!("{value}x30") })
        })
    }
}

/// Expects that the alert fires after a quarter of an hour for this instance, and for no other.
fn fires_for(alert: &str, instance: &str) -> Value {
    let alerts = format!("ALERTS{{alertname=\"{alert}\"");
    let labels = format!("instance=\"{instance}\",job=\"caracal-gateway\",severity=\"critical\"");
    json!({
        "expr": format!("{alerts}}}"),
        "eval_time": "15m",
        "exp_samples": [
            { "labels": format!("{alerts},alertstate=\"firing\",{labels}}}"), "value": 1 },
        ],
    })
}

/// With ten of ten connections in use, the alert fires. With nine of ten in use, and with one in use of a
/// pool that opens its ten connections on demand, it is silent.
pub(crate) async fn pool_alerts() -> Result<()> {
    let options = PgPoolOptions::new().max_connections(CAPACITY);
    let scene = Scene::with(options.acquire_timeout(Duration::from_mins(1))).await?;
    let mut held = vec![scene.pool.acquire().await?];
    ensure!(scene.pool_value("open")? == 1.0, "the others are not opened before they are wanted");
    let lazy = Instance::read("lazy", &scene)?;
    while held.len() < CAPACITY as usize {
        held.push(scene.pool.acquire().await?);
    }
    let full = Instance::read("full", &scene)?;
    held.pop();
    scene.until_idle().await?;
    let nearly = Instance::read("nearly full", &scene)?;
    ensure!(scene.pool_value("open")? == f64::from(CAPACITY), "the idle one stays open");

    let monitoring = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring").canonicalize()?;
    let series: Vec<_> = [&lazy, &full, &nearly].iter().flat_map(|at| at.series()).collect();
    let report = promtool_test_rules(&json!({
        "rule_files": [monitoring.join("alerts-classic.yml"), monitoring.join("rules.yml")],
        "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": series,
            "promql_expr_test": [
                fires_for("DatabaseConnectionPoolExhausted", "full"),
                fires_for("DatabasePoolSaturated", "full"),
            ],
        }],
    }))?;
    ensure!(report.code == 0, "{}", report.output);
    Ok(())
}
