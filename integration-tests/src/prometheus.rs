//! A real Prometheus.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::ServerProcess;

/// The name of the file in the folder of the server.
const CONFIGURATION: &str = "prometheus.yml";

/// The job in `monitoring/`.
const GATEWAY: &str = "caracal-gateway";

/// A running Prometheus. It is killed when this is dropped.
#[derive(Debug)]
pub struct Prometheus {
    server: ServerProcess,
}

/// One series of the result of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The labels, including the name of the metric as `__name__`.
    pub labels: BTreeMap<String, String>,
    /// The value at the time of the query.
    pub value: f64,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes `/metrics` at `target` every second.
    ///
    /// # Errors
    ///
    /// Returns an error if the command `prometheus` is missing or does not start.
    pub async fn scraping(target: SocketAddr) -> Result<Self> {
        Self::start(&[], |_| configuration("test", target, &[])).await
    }

    /// Like [`scraping`](Self::scraping), with additional flags, such as
    /// `--enable-feature=exemplar-storage`.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Prometheus::scraping`].
    pub async fn scraping_with_flags(target: SocketAddr, flags: &[&str]) -> Result<Self> {
        Self::start(flags, |_| configuration("test", target, &[])).await
    }

    /// Starts a Prometheus that scrapes `/metrics` at `target` under the job of the gateway's rules,
    /// and evaluates the rules in these files.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Prometheus::scraping`], and an error if a rule file is missing or
    /// malformed.
    pub async fn scraping_with_rules(target: SocketAddr, rules: &[&Path]) -> Result<Self> {
        let rules = rules.iter().map(fs::canonicalize).collect::<Result<Vec<_>, _>>()?;
        Self::start(&[], |_| configuration(GATEWAY, target, &rules)).await
    }

    /// Starts a Prometheus with this configuration. The configuration may refer to files that the
    /// closure writes to the folder.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Prometheus::scraping`].
    pub async fn configured(configuration: impl Fn(&Path) -> Result<String>) -> Result<Self> {
        Self::start(&["--web.enable-lifecycle"], configuration).await
    }

    /// The same, with these flags.
    ///
    /// # Errors
    /// As [`Prometheus::scraping`].
    pub async fn configured_with_flags(
        configuration: impl Fn(&Path) -> Result<String>,
        flags: &[&str],
    ) -> Result<Self> {
        Self::start(flags, configuration).await
    }

    async fn start(flags: &[&str], config: impl Fn(&Path) -> Result<String>) -> Result<Self> {
        let server =
            ServerProcess::start(Path::new("prometheus"), "/-/ready", |address, folder| {
                let file = folder.join(CONFIGURATION);
                fs::write(&file, config(folder)?)?;
                let own = [
                    format!("--config.file={}", file.display()),
                    format!("--storage.tsdb.path={}", folder.join("data").display()),
                    format!("--web.listen-address={address}"),
                ];
                Ok(own.into_iter().chain(flags.iter().map(ToString::to_string)).collect())
            })
            .await
            .context("Prometheus does not start (`cargo xtask test` installs it)")?;
        Ok(Self { server })
    }

    /// Changes the configuration of a Prometheus that was started with
    /// [`configured`](Self::configured). Stored samples are kept.
    ///
    /// # Errors
    ///
    /// Returns an error if Prometheus rejects the configuration.
    pub async fn reconfigure(&self, configuration: impl Fn(&Path) -> Result<String>) -> Result<()> {
        let folder = self.server.folder();
        fs::write(folder.join(CONFIGURATION), configuration(folder)?)?;
        let reload = reqwest::Client::new().post(self.server.url("/-/reload"));
        reload.send().await?.error_for_status()?;
        Ok(())
    }

    /// Evaluates a PromQL expression at the current time.
    ///
    /// # Errors
    ///
    /// Returns an error if Prometheus rejects the expression, or does not respond with samples.
    pub async fn query(&self, expression: &str) -> Result<Vec<Sample>> {
        let answer = self.get("/api/v1/query", &[("query", expression)]).await?;
        samples(&answer).with_context(|| format!("the query {expression} returned {answer}"))
    }

    /// Evaluates an expression until its samples are `wanted`, for at most half a minute.
    ///
    /// # Errors
    ///
    /// Returns an error if they never are. The message contains the last samples and the state of the
    /// scrapes.
    pub async fn wait_until(
        &self,
        expression: &str,
        wanted: impl Fn(&[Sample]) -> bool,
    ) -> Result<Vec<Sample>> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let samples = self.query(expression).await?;
            if wanted(&samples) {
                return Ok(samples);
            }
            if Instant::now() > deadline {
                let targets = self.get("/api/v1/targets", &[]).await?;
                let scrapes = &targets["data"]["activeTargets"];
                bail!("{expression} is still {samples:?}; scrapes: {scrapes}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Returns the answer of a path of the HTTP API.
    ///
    /// # Errors
    ///
    /// Returns an error if the answer is not JSON.
    pub async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let url = self.server.url(path);
        let answer = reqwest::Client::new().get(url).query(parameters).send().await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// Returns JSON, which is also YAML, and quotes paths correctly.
fn configuration(job: &str, target: SocketAddr, rules: &[PathBuf]) -> Result<String> {
    Ok(serde_json::to_string(&json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
        "rule_files": rules,
        "scrape_configs": [
            { "job_name": job, "static_configs": [{ "targets": [target.to_string()] }] },
        ],
    }))?)
}

/// The samples of an instant vector or a scalar; `None` for an error or another kind of answer.
fn samples(answer: &Value) -> Option<Vec<Sample>> {
    let data = &answer["data"];
    match data["resultType"].as_str()? {
        "scalar" => Some(vec![Sample { labels: BTreeMap::new(), value: value(&data["result"])? }]),
        "vector" => data["result"]
            .as_array()?
            .iter()
            .map(|series| {
                let labels = serde_json::from_value(series["metric"].clone()).ok()?;
                Some(Sample { labels, value: value(&series["value"])? })
            })
            .collect(),
        _ => None,
    }
}

/// The value of a pair of a time and a value. It is a string in JSON, because JSON has no NaN and
/// infinity.
fn value(pair: &Value) -> Option<f64> {
    pair[1].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_vector_has_a_sample_for_each_series() {
        let answer = json!({"status": "success", "data": {"resultType": "vector", "result": [
            {"metric": {"__name__": "up", "job": "test"}, "value": [1.5, "1"]},
            {"metric": {}, "value": [1.5, "+Inf"]},
        ]}});
        let samples = samples(&answer).unwrap();
        assert_eq!(samples.len(), 2);
        assert_eq!(samples[0].labels["job"], "test");
        assert_eq!(samples[0].value.total_cmp(&1.0), std::cmp::Ordering::Equal);
        assert!(samples[1].value.is_infinite());
    }

    #[test]
    fn an_error_is_no_answer() {
        assert_eq!(samples(&json!({"status": "error", "error": "parse error"})), None);
    }
}
