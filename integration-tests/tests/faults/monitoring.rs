//! A Prometheus with the configuration, the rules and the alerts in `monitoring/`, in accelerated time.
//!
//! Each range and each `for:` of the rules is divided by a number. The expressions are otherwise
//! unchanged.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use integration_tests::{Prometheus, monitoring};

/// The factor by which the time of a Prometheus is accelerated, and the interval at which it scrapes
/// and evaluates.
#[derive(Clone, Copy)]
pub(crate) struct Motion {
    times: u64,
    interval: &'static str,
}

/// A range contains as many samples as in production, where the scrape interval is 15 s. An alert that
/// waits five minutes there waits ten seconds here.
pub(crate) const QUICK: Motion = Motion { times: 30, interval: "500ms" };

/// Three days are six minutes, and three hours are a quarter of a minute. Ranges contain fewer samples
/// than in production: ten in a range of half an hour, and too few in shorter ranges.
pub(crate) const QUICKEST: Motion = Motion { times: 720, interval: "250ms" };

/// The longest wait of a tested alert, with a margin.
const PATIENCE: Duration = Duration::from_mins(2);

/// Starts a Prometheus that scrapes these instances of the job.
pub(crate) async fn prometheus(motion: Motion, targets: &[SocketAddr]) -> Result<Prometheus> {
    let targets = targets.to_vec();
    Prometheus::configured(move |folder| configuration(folder, motion, &targets)).await
}

pub(crate) fn configuration(
    folder: &Path,
    motion: Motion,
    targets: &[SocketAddr],
) -> Result<String> {
    for (file, rules) in rule_files()? {
        fs::write(folder.join(file), quicken(&rules, motion)?)?;
    }
    let mut configuration = monitoring("prometheus.yml")?;
    let targets: Vec<_> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    for (written, here) in [
        ("scrape_interval: 15s", format!("scrape_interval: {}", motion.interval)),
        ("scrape_timeout: 10s", format!("scrape_timeout: {}", motion.interval)),
        ("evaluation_interval: 15s", format!("evaluation_interval: {}", motion.interval)),
        ("# - alerts-classic.yml", "- alerts-classic.yml".to_owned()),
        ("\"localhost:8443\"", targets.join(", ")),
    ] {
        ensure!(configuration.contains(written), "prometheus.yml no longer has {written}");
        configuration = configuration.replace(written, &here);
    }
    Ok(configuration)
}

/// The files that contain alerts: their names and their contents.
pub(crate) fn rule_files() -> Result<Vec<(&'static str, String)>> {
    let files = ["rules.yml", "alerts-classic.yml"];
    files.into_iter().map(|file| Ok((file, monitoring(file)?))).collect()
}

/// Divides each range (`[5m]`) and each `for:`.
fn quicken(rules: &str, motion: Motion) -> Result<String> {
    let mut quickened = String::new();
    for line in rules.lines() {
        if let Some((indent, duration)) = line.split_once("for: ") {
            ensure!(indent.trim().is_empty(), "not a `for:` of its own: {line}");
            writeln!(quickened, "{indent}for: {}ms", quick(duration, motion)?)?;
            continue;
        }
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once('[') {
            let (duration, after) = behind.split_once(']').context("a range without an end")?;
            write!(quickened, "{before}[{}ms]", quick(duration, motion)?)?;
            rest = after;
        }
        writeln!(quickened, "{rest}")?;
    }
    Ok(quickened)
}

fn quick(duration: &str, motion: Motion) -> Result<u64> {
    let (number, unit) = duration.split_at(duration.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => bail!("not a duration: {duration}"),
    };
    let number: u64 = number.parse().with_context(|| duration.to_owned())?;
    Ok(number * seconds * 1000 / motion.times)
}

/// Waits until each of these alerts fires.
pub(crate) async fn until_firing(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    for alert in alerts {
        let firing = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        wait(prometheus, &firing, true).await?;
    }
    Ok(())
}

/// Waits until none of these alerts is firing or pending.
pub(crate) async fn until_resolved(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    for alert in alerts {
        wait(prometheus, &format!("ALERTS{{alertname=\"{alert}\"}}"), false).await?;
    }
    Ok(())
}

async fn wait(prometheus: &Prometheus, expression: &str, wanted: bool) -> Result<()> {
    until(prometheus, expression, |values| values.is_empty() != wanted).await.map(|_| ())
}

/// Evaluates an expression until its values are as expected.
pub(crate) async fn until(
    prometheus: &Prometheus,
    expression: &str,
    wanted: impl Fn(&[f64]) -> bool,
) -> Result<Vec<f64>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let samples = prometheus.query(expression).await?;
        let values: Vec<_> = samples.iter().map(|sample| sample.value).collect();
        if wanted(&values) {
            return Ok(values);
        }
        if Instant::now() > deadline {
            let alerts = prometheus.query("ALERTS").await?;
            let up = prometheus.query("up").await?;
            bail!("{expression} is still {samples:?}; alerts: {alerts:?}; {up:?}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Checks that none of these alerts is firing or pending.
pub(crate) async fn ensure_quiet(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    let any = format!("ALERTS{{alertname=~\"{}\"}}", alerts.join("|"));
    let alerts = prometheus.query(&any).await?;
    ensure!(alerts.is_empty(), "{alerts:?}");
    Ok(())
}
