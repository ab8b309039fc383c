//! What `dashboard.toml` may say.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::families::{self, FAMILIES, Family};
use crate::monitoring;

/// The columns of a Grafana dashboard.
pub(super) const COLUMNS: u32 = 24;

/// What every series is chosen by.
const OF_JOB: &str = "{job=~\"$job\"";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dashboard {
    pub(super) title: String,
    pub(super) uid: String,
    #[serde(rename = "row")]
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) title: String,
    #[serde(rename = "panel")]
    pub(super) panels: Vec<Panel>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Timeseries,
    Stat,
    Gauge,
    Heatmap,
    StateTimeline,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Panel {
    pub(super) title: String,
    /// What the help texts of the metrics don't say.
    pub(super) note: Option<String>,
    pub(super) kind: Kind,
    /// A unit of Grafana's; that of the first metric where there is none.
    pub(super) unit: Option<String>,
    pub(super) max: Option<f64>,
    pub(super) width: u32,
    #[serde(default = "height")]
    pub(super) height: u32,
    #[serde(default)]
    pub(super) stacked: bool,
    #[serde(default)]
    pub(super) breaker_states: bool,
    /// From where on it is worth a look, and bad.
    #[serde(default)]
    pub(super) thresholds: Vec<f64>,
    #[serde(default)]
    queries: Vec<Query>,
    quantiles: Option<Quantiles>,
}

const fn height() -> u32 {
    8
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    pub(super) expr: String,
    pub(super) legend: String,
}

/// The three percentiles of a histogram.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quantiles {
    metric: String,
    by: Option<String>,
}

impl Quantiles {
    fn queries(&self) -> Vec<Query> {
        let Self { metric, by } = self;
        let (labels, legend) = match by {
            Some(by) => (format!("le, {by}"), format!(" {{{{{by}}}}}")),
            None => ("le".to_owned(), String::new()),
        };
        [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")]
            .map(|(quantile, name)| Query {
                expr: format!(
                    "histogram_quantile({quantile}, sum by ({labels}) \
                     (rate({metric}_bucket{OF_JOB}}}[$__rate_interval])))"
                ),
                legend: format!("{name}{legend}"),
            })
            .into()
    }
}

impl Panel {
    pub(super) fn queries(&self) -> Vec<Query> {
        let quantiles = self.quantiles.iter().flat_map(Quantiles::queries);
        self.queries.iter().cloned().chain(quantiles).collect()
    }

    /// The families that the queries name, in the order of the file.
    pub(super) fn families(&self) -> Vec<&'static Family> {
        let queries = self.queries();
        let named = |family: &&Family| {
            queries.iter().any(|query| {
                monitoring::names(&query.expr).into_iter().any(|name| is_sample_of(name, family))
            })
        };
        FAMILIES.iter().filter(named).collect()
    }

    fn check(&self) -> Result<()> {
        ensure!((1..=COLUMNS).contains(&self.width), "is {} wide, which does not fit", self.width);
        ensure!(self.thresholds.is_sorted(), "has thresholds that do not rise");
        ensure!(self.thresholds.len() <= 2, "has more thresholds than colours");
        if let Some(Quantiles { metric, .. }) = &self.quantiles {
            let is_histogram = |family: &Family| {
                family.name == *metric && family.kind == families::Kind::Histogram
            };
            ensure!(FAMILIES.iter().any(is_histogram), "names {metric}, which is no histogram");
        }
        let queries = self.queries();
        ensure!(!queries.is_empty(), "asks for nothing");
        ensure!(queries.len() <= 26, "has more queries than letters to call them by");
        for Query { expr, legend } in queries {
            monitoring::check_names(&expr)?;
            ensure!(!legend.is_empty(), "has no legend for {expr}");
            for name in monitoring::names(&expr) {
                let all = expr.matches(name).count();
                let of_job = expr.matches(&format!("{name}{OF_JOB}")).count();
                ensure!(all == of_job, "asks for {name}, but not of the chosen job: {expr}");
            }
        }
        Ok(())
    }
}

fn is_sample_of(name: &str, family: &Family) -> bool {
    name.strip_prefix(&family.name)
        .is_some_and(|suffix| ["", "_bucket", "_sum", "_count"].contains(&suffix))
}

impl Dashboard {
    /// Looks for what Grafana would show as an empty or misplaced panel.
    pub(super) fn check(&self) -> Result<()> {
        for panel in self.rows.iter().flat_map(|row| &row.panels) {
            panel.check().with_context(|| format!("the panel {}", panel.title))?;
        }
        Ok(())
    }
}
