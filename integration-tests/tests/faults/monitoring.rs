//! A Prometheus with the configuration, the rules and the alerts in `monitoring/`, in quick motion.
//!
//! Its time runs 30 times as fast: it scrapes every 500 ms instead of every 15 s, and each range and each
//! `for:` of the rules is divided by 30. A range holds as many samples as in production, and an alert that
//! waits five minutes there waits ten seconds here. The expressions stay as they are.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use integration_tests::Prometheus;

const QUICKER: u64 = 30;
/// The longest wait of an alert that is tested, and some more.
const PATIENCE: Duration = Duration::from_mins(2);

/// Starts it, scraping these instances of the job.
pub(crate) async fn prometheus(targets: &[SocketAddr]) -> Result<Prometheus> {
    let targets = targets.to_vec();
    Prometheus::configured(move |folder| configuration(folder, &targets)).await
}

pub(crate) fn configuration(folder: &Path, targets: &[SocketAddr]) -> Result<String> {
    let monitoring = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring");
    let read = |file: &str| fs::read_to_string(monitoring.join(file)).context(file.to_owned());
    for file in ["rules.yml", "alerts-classic.yml"] {
        fs::write(folder.join(file), quicken(&read(file)?)?)?;
    }
    let mut configuration = read("prometheus.yml")?;
    let targets: Vec<_> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    for (written, here) in [
        ("scrape_interval: 15s", "scrape_interval: 500ms"),
        ("scrape_timeout: 10s", "scrape_timeout: 500ms"),
        ("evaluation_interval: 15s", "evaluation_interval: 500ms"),
        ("# - alerts-classic.yml", "- alerts-classic.yml"),
        ("\"localhost:8443\"", &targets.join(", ")),
    ] {
        ensure!(configuration.contains(written), "prometheus.yml no longer has {written}");
        configuration = configuration.replace(written, here);
    }
    Ok(configuration)
}

/// Divides each range (`[5m]`) and each `for:` by [`QUICKER`].
fn quicken(rules: &str) -> Result<String> {
    let mut quickened = String::new();
    for line in rules.lines() {
        if let Some((indent, duration)) = line.split_once("for: ") {
            ensure!(indent.trim().is_empty(), "not a `for:` of its own: {line}");
            writeln!(quickened, "{indent}for: {}ms", quick(duration)?)?;
            continue;
        }
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once('[') {
            let (duration, after) = behind.split_once(']').context("a range without an end")?;
            write!(quickened, "{before}[{}ms]", quick(duration)?)?;
            rest = after;
        }
        writeln!(quickened, "{rest}")?;
    }
    Ok(quickened)
}

fn quick(duration: &str) -> Result<u64> {
    let (number, unit) = duration.split_at(duration.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => bail!("not a duration: {duration}"),
    };
    let number: u64 = number.parse().with_context(|| duration.to_owned())?;
    Ok(number * seconds * 1000 / QUICKER)
}

/// Waits until each of these alerts fires.
pub(crate) async fn until_firing(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    for alert in alerts {
        let firing = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        wait(prometheus, &firing, true).await?;
    }
    Ok(())
}

/// Waits until none of these alerts fires, or is about to.
pub(crate) async fn until_resolved(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    for alert in alerts {
        wait(prometheus, &format!("ALERTS{{alertname=\"{alert}\"}}"), false).await?;
    }
    Ok(())
}

async fn wait(prometheus: &Prometheus, expression: &str, wanted: bool) -> Result<()> {
    until(prometheus, expression, |values| values.is_empty() != wanted).await.map(|_| ())
}

/// Evaluates an expression until its values are as wanted.
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
            bail!("{expression} is {samples:?} still; alerts: {alerts:?}; {up:?}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// None of these alerts fires, or is about to.
pub(crate) async fn ensure_quiet(prometheus: &Prometheus, alerts: &[&str]) -> Result<()> {
    let any = format!("ALERTS{{alertname=~\"{}\"}}", alerts.join("|"));
    let alerts = prometheus.query(&any).await?;
    ensure!(alerts.is_empty(), "{alerts:?}");
    Ok(())
}
