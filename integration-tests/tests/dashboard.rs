//! Checks `monitoring/` with the programs that read it: promtool, Docker's parser, and a real
//! Prometheus. There, every expression of the dashboard, of the recording rules and of the Python
//! module's dashboards must return data.

use std::fs;
use std::io::ErrorKind;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    Gateway, Needs, Prometheus, expressions, promtool, repository_file, run, test, without_sample,
};

fn main() -> ExitCode {
    let prometheus = &[Needs::Prometheus];
    run(vec![
        test("promtool_accepts_the_rules_and_their_tests", prometheus, promtool_accepts_the_rules),
        test("docker_compose_reads_its_file", &[Needs::Docker], docker_compose_reads_its_file),
        test(
            "every_expression_returns_data_within_a_minute",
            prometheus,
            every_expression_returns_data_within_a_minute,
        ),
    ])
}

async fn promtool_accepts_the_rules() -> Result<()> {
    let folder = repository_file("monitoring");
    let file = |name: &str| folder.join(name).display().to_string();
    let tests = fs::read_dir(folder.join("tests"))?;
    let tests = tests.map(|entry| Ok(entry?.path().display().to_string()));
    let tests = tests.collect::<Result<Vec<_>>>()?;
    ensure!(!tests.is_empty(), "there are no tests of rules");
    let rules = [file("rules.yml"), file("alerts-classic.yml")];
    for (command, files) in [
        (["check", "rules"], &rules[..]),
        (["check", "config"], &[file("prometheus.yml")]),
        (["test", "rules"], &tests),
    ] {
        let arguments: Vec<_> =
            command.into_iter().chain(files.iter().map(String::as_str)).collect();
        let report = promtool(&arguments)?;
        ensure!(report.code == 0, "promtool {arguments:?}: {}", report.output);
    }
    Ok(())
}

/// The parser needs neither an engine nor the images.
async fn docker_compose_reads_its_file() -> Result<()> {
    let file = repository_file("monitoring/compose.yml");
    let config = |program: &str, subcommand: &[&str]| {
        let mut parser = Command::new(program);
        parser.args(subcommand).arg("--file").arg(&file).args(["config", "--quiet"]);
        parser.output()
    };
    // The plugin of newer engines, or the separate program of Debian.
    let parsed = match config("docker-compose", &[]) {
        Err(error) if error.kind() == ErrorKind::NotFound => config("docker", &["compose"]),
        parsed => parsed,
    };
    let parsed = parsed.context("neither docker-compose nor docker is installed")?;
    ensure!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    Ok(())
}

async fn every_expression_returns_data_within_a_minute() -> Result<()> {
    let mut expressions = expressions()?;
    // Its database fails as often as possible, so that failures appear soon.
    let gateway = Gateway::start(&["--outage-interval", "8"]).await?;
    let rules = repository_file("monitoring/rules.yml");
    let prometheus = Prometheus::scraping_with_rules(gateway.server().address(), &[&rules]).await?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while !expressions.is_empty() {
        // Dividing by nothing, or a quantile of nothing, gives NaN.
        expressions = without_sample(&prometheus, expressions, f64::is_finite).await?;
        ensure!(
            expressions.is_empty() || Instant::now() < deadline,
            "no data in a minute: {expressions:#?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
