//! A panel for a given service.

use caracal_metrics_core::RegisteredFamily;

use crate::panels::{Kind, Panel, Quantiles};
use crate::promql;
use crate::service::Service;

/// The matcher that selects the series of a dashboard.
pub(super) const OF_JOB: &str = "job=~\"$job\"";

/// A panel of the dashboard, with the metric names of the service.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) is_stacked: bool,
    pub(super) has_breaker_states: bool,
    pub(super) thresholds: &'static [f64],
    pub(super) queries: Vec<Query>,
}

#[derive(Debug)]
pub(super) struct Query {
    pub(super) expression: String,
    pub(super) legend: String,
}

impl Graph {
    /// The panel without the queries whose families the service does not use, or `None` if no query is left.
    pub(super) fn of(panel: &Panel, service: &Service<'_>) -> Option<Self> {
        let quantiles = panel.quantiles.iter().flat_map(Quantiles::queries);
        let queries = panel.queries.iter().map(|(expression, legend)| Query {
            expression: (*expression).to_owned(),
            legend: (*legend).to_owned(),
        });
        let queries = queries.chain(quantiles);
        let queries: Vec<_> =
            queries.filter(|query| service.has(&query.expression, |_| false)).collect();
        let mut families: Vec<&RegisteredFamily> = Vec::new();
        for metric in queries.iter().flat_map(|query| promql::metrics(&query.expression)) {
            let family = service.family(metric)?;
            if !families.contains(&family) {
                families.push(family);
            }
        }
        let first = families.first()?;
        let help = families.iter().map(|family| describe(family));
        Some(Self {
            title: panel.title.to_owned(),
            description: panel
                .note
                .map(str::to_owned)
                .into_iter()
                .chain(help)
                .collect::<Vec<_>>()
                .join("\n\n"),
            kind: panel.kind,
            unit: panel.unit.unwrap_or_else(|| unit(first)),
            min: Some(0.0),
            max: panel.max,
            width: panel.width,
            height: panel.height,
            is_stacked: panel.is_stacked,
            has_breaker_states: panel.has_breaker_states,
            thresholds: panel.thresholds,
            queries: queries.into_iter().map(|query| query.of(service)).collect(),
        })
    }
}

impl Query {
    /// The query with the metric names of the service, restricted to the chosen job.
    pub(super) fn of(self, service: &Service<'_>) -> Self {
        let expression = service.selecting(&self.expression, OF_JOB);
        Self { expression, ..self }
    }
}

impl Quantiles {
    fn queries(&self) -> impl Iterator<Item = Query> {
        let Self { metric, by } = *self;
        let (labels, legend) = match by {
            Some(by) => (format!("le, {by}"), format!(" {{{{{by}}}}}")),
            None => ("le".to_owned(), String::new()),
        };
        [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")].into_iter().map(move |(quantile, name)| {
            Query {
                expression: format!(
                    "histogram_quantile({quantile}, sum by ({labels}) \
                 (rate({metric}_bucket[$__rate_interval])))"
                ),
                legend: format!("{name}{legend}"),
            }
        })
    }
}

pub(super) fn describe(family: &RegisteredFamily) -> String {
    let help = family.help.trim_end();
    let end = if help.ends_with(['.', '!', '?']) || help.is_empty() { "" } else { "." };
    format!("`{}`: {help}{end}", family.name)
}

/// Grafana's name for the unit of a family's values.
pub(super) fn unit(family: &RegisteredFamily) -> &'static str {
    let base = family.name.strip_suffix("_total").unwrap_or(&family.name);
    let of_name = base.rsplit('_').next();
    match family.unit.as_deref().or(of_name) {
        Some("seconds") => "s",
        Some("bytes") => "bytes",
        Some("ratio") => "percentunit",
        Some("celsius") => "celsius",
        _ => "short",
    }
}
