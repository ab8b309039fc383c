//! Checks `compose.yml` and the files with which it provisions Grafana, as far as this is possible without
//! the images. The test `dashboard` checks it with Docker's own parser.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{folder, read};

const PROVISIONING: &str = "/etc/grafana/provisioning";

#[derive(Debug, Deserialize)]
struct Compose {
    services: Services,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Services {
    prometheus: Service,
    grafana: Service,
}

#[derive(Debug, Deserialize)]
struct Service {
    image: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    volumes: Vec<String>,
}

/// The part of Prometheus's configuration that this test needs. promtool checks the rest.
#[derive(Debug, Deserialize)]
struct Configuration {
    rule_files: Vec<String>,
}

/// Grafana's file of data sources, with the documented fields that are used here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Datasources {
    api_version: u32,
    datasources: Vec<Datasource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Datasource {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "uid")]
    _uid: String,
    r#type: String,
    access: String,
    url: String,
    is_default: bool,
    json_data: SourceOptions,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SourceOptions {
    time_interval: String,
}

/// Grafana's file of dashboards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Dashboards {
    api_version: u32,
    providers: Vec<Provider>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    #[serde(rename = "name")]
    _name: String,
    r#type: String,
    options: ProviderOptions,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderOptions {
    path: String,
}

impl Service {
    /// Returns the file of the repository that the container has at this path.
    fn mounted(&self, path: &str) -> Result<&str> {
        let mount =
            |volume: &'_ String| volume.trim_end_matches(":ro").ends_with(&format!(":{path}"));
        let volume = self.volumes.iter().find(|volume| mount(volume));
        let volume = volume.with_context(|| format!("nothing is mounted at {path}"))?;
        volume.split(':').next().with_context(|| format!("{volume} has no source"))
    }

    fn check(&self, folder: &Path) -> Result<()> {
        let version = self.image.split_once(':').map(|(_, version)| version);
        let is_pinned =
            version.is_some_and(|version| version.split('.').count() == 3 && version != "latest");
        ensure!(is_pinned, "{} is not one version", self.image);
        for source in self.volumes.iter().filter_map(|volume| volume.split(':').next()) {
            let is_there = !source.starts_with('.') || folder.join(source).is_file();
            ensure!(is_there, "{source} is not a file: Docker would make a folder of it");
        }
        Ok(())
    }
}

/// Checks that the files agree with each other and with the programs that read them.
fn check(folder: &Path) -> Result<()> {
    let text = read(&folder.join("compose.yml"))?;
    let compose: Compose = serde_saphyr::from_str(&text).context("in compose.yml")?;
    let Services { prometheus, grafana } = &compose.services;
    prometheus.check(folder).context("the service prometheus")?;
    grafana.check(folder).context("the service grafana")?;
    let config = prometheus.mounted("/etc/prometheus/prometheus.yml")?;
    ensure!(config == "./prometheus.yml", "Prometheus reads {config}");
    let config: Configuration = serde_saphyr::from_str(&read(&folder.join(config))?)?;
    for file in &config.rule_files {
        let mounted = prometheus.mounted(&format!("/etc/prometheus/{file}"))?;
        ensure!(mounted == format!("./{file}"), "{mounted} is not the file of rules {file}");
    }

    let datasources = grafana.mounted(&format!("{PROVISIONING}/datasources/prometheus.yml"))?;
    let datasources: Datasources = serde_saphyr::from_str(&read(&folder.join(datasources))?)?;
    ensure!(datasources.api_version == 1, "Grafana has version 1 of data sources");
    for source in &datasources.datasources {
        let is_prometheus = source.r#type == "prometheus" && source.access == "proxy";
        ensure!(is_prometheus && source.is_default, "not the data source: {source:?}");
        let interval = format!("scrape_interval: {}\n", source.json_data.time_interval);
        let scrapes = read(&folder.join("prometheus.yml"))?.contains(&interval);
        ensure!(scrapes, "prometheus.yml has no {interval}");
        let address = source.url.trim_start_matches("http://");
        let listens = format!("--web.listen-address={address}");
        ensure!(prometheus.command.contains(&listens), "Prometheus does not listen on {address}");
    }

    let dashboards = grafana.mounted(&format!("{PROVISIONING}/dashboards/caracal.yml"))?;
    let dashboards: Dashboards = serde_saphyr::from_str(&read(&folder.join(dashboards))?)?;
    ensure!(dashboards.api_version == 1, "Grafana has version 1 of dashboards");
    for provider in &dashboards.providers {
        ensure!(provider.r#type == "file", "a provider of type {}", provider.r#type);
        let dashboard = format!("{}/caracal.json", provider.options.path);
        let mounted = grafana.mounted(&dashboard)?;
        ensure!(mounted == "./grafana/caracal.json", "{mounted} is not the dashboard");
        let home = grafana.environment.get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH");
        ensure!(home == Some(&dashboard), "Grafana opens with {home:?}, not with {dashboard}");
    }
    Ok(())
}

const FILES: [&str; 4] = [
    "compose.yml",
    "prometheus.yml",
    "grafana/provisioning/datasources/prometheus.yml",
    "grafana/provisioning/dashboards/caracal.yml",
];

#[test]
fn what_does_not_belong_together_is_an_error() {
    let here = folder();
    for (file, from, to, message) in [
        ("compose.yml", "./rules.yml:", "./rule.yml:", "./rule.yml is not a file"),
        ("compose.yml", ":11.6.0", ":latest", "is not one version"),
        (
            "compose.yml",
            "/etc/prometheus/rules.yml",
            "/etc/rules.yml",
            "nothing is mounted at /etc/p",
        ),
        ("compose.yml", "PATH: /etc/grafana", "PATH: /grafana", "Grafana opens with"),
        (FILES[2], ":9090", ":9091", "does not listen on 127.0.0.1:9091"),
        (FILES[2], "isDefault", "default", "default"),
        (FILES[3], "/dashboards\n", "/boards\n", "nothing is mounted at"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for other in
            FILES.into_iter().chain(["rules.yml", "alerts-classic.yml", "grafana/caracal.json"])
        {
            let copy = folder.path().join(other);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            let text = read(&here.join(other)).unwrap();
            let text = if other == file { text.replace(from, to) } else { text };
            fs::write(copy, text).unwrap();
        }
        let error = format!("{:#}", check(folder.path()).unwrap_err());
        assert!(error.contains(message), "{error}");
    }
    check(&here).unwrap();
}
