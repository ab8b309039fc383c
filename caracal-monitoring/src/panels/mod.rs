//! The panels of the families that the crates of this workspace declare. Their queries use the namespace
//! `caracal` and select no job. The [service](crate::service::Service) inserts its own namespace and job.

mod breakers;
mod caches;
mod database;
mod gateway;
mod http;
mod policy;
mod process;
mod runtimes;
#[cfg(test)]
mod tests;

use crate::promql;

/// The rows before and after those of a service's own families.
pub(crate) const BEFORE: [&Row; 2] = [&gateway::ROW, &http::ROW];
pub(crate) const AFTER: [&Row; 6] =
    [&policy::ROW, &caches::ROW, &database::ROW, &breakers::ROW, &runtimes::ROW, &process::ROW];

/// Families without a panel. They are details that you query in Prometheus once a panel has shown a problem.
pub(crate) const WITHOUT_PANEL: [&str; 17] = [
    "caracal_cache_weighted_size",
    "caracal_database_connection_pool_closed_connections_total",
    "caracal_database_connection_pool_min",
    "caracal_database_connection_pool_opened_connections_total",
    "caracal_facade_refused_records_total",
    "caracal_gateway_stream_duration_seconds",
    "caracal_metrics_native_limited_total",
    "caracal_metrics_server_connections_closed_total",
    "caracal_tokio_blocking_queue_depth",
    "caracal_tokio_blocking_threads",
    "caracal_tokio_forced_yields_total",
    "caracal_tokio_idle_blocking_threads",
    "caracal_tokio_worker_local_queue_depth",
    "caracal_tokio_worker_parks_total",
    "caracal_tokio_worker_polls_total",
    "caracal_tokio_worker_steals_total",
    "http_server_stream_duration_seconds",
];

/// A row of panels.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) panels: &'static [Panel],
}

/// How Grafana draws a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Timeseries,
    Stat,
    Gauge,
    Heatmap,
    StateTimeline,
}

/// A panel for families that this crate knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// Explains more than the help texts of the metrics.
    pub(crate) note: Option<&'static str>,
    pub(crate) kind: Kind,
    /// A Grafana unit. Defaults to the unit of the first metric.
    pub(crate) unit: Option<&'static str>,
    pub(crate) max: Option<f64>,
    /// The number of columns, out of 24.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_stacked: bool,
    pub(crate) has_breaker_states: bool,
    /// Values are green up to the first threshold, then yellow, then red.
    pub(crate) thresholds: &'static [f64],
    /// Expressions and legends.
    pub(crate) queries: &'static [(&'static str, &'static str)],
    pub(crate) quantiles: Option<Quantiles>,
}

/// The 50th, 95th and 99th percentile of a histogram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantiles {
    pub(crate) metric: &'static str,
    pub(crate) by: Option<&'static str>,
}

impl Panel {
    /// The metrics that the panel queries, in order.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &'static str> + use<> {
        let of_queries =
            self.queries.iter().flat_map(|(expression, _)| promql::metrics(expression));
        of_queries.chain(self.quantiles.map(|quantiles| quantiles.metric))
    }

    const fn new(kind: Kind, title: &'static str, width: u32) -> Self {
        Self {
            title,
            note: None,
            kind,
            unit: None,
            max: None,
            width,
            height: 8,
            is_stacked: false,
            has_breaker_states: false,
            thresholds: &[],
            queries: &[],
            quantiles: None,
        }
    }

    const fn timeseries(title: &'static str, width: u32) -> Self {
        Self::new(Kind::Timeseries, title, width)
    }

    const fn stat(title: &'static str, width: u32) -> Self {
        Self::new(Kind::Stat, title, width)
    }

    const fn gauge(title: &'static str, width: u32) -> Self {
        Self::new(Kind::Gauge, title, width)
    }

    const fn heatmap(title: &'static str, width: u32) -> Self {
        Self::new(Kind::Heatmap, title, width)
    }

    const fn state_timeline(title: &'static str, width: u32) -> Self {
        Self::new(Kind::StateTimeline, title, width)
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    const fn height(mut self, height: u32) -> Self {
        self.height = height;
        self
    }

    const fn stacked(mut self) -> Self {
        self.is_stacked = true;
        self
    }

    const fn breaker_states(mut self) -> Self {
        self.has_breaker_states = true;
        self
    }

    const fn thresholds(mut self, thresholds: &'static [f64]) -> Self {
        self.thresholds = thresholds;
        self
    }

    const fn queries(mut self, queries: &'static [(&'static str, &'static str)]) -> Self {
        self.queries = queries;
        self
    }

    const fn quantiles(mut self, metric: &'static str) -> Self {
        self.quantiles = Some(Quantiles { metric, by: None });
        self
    }

    const fn quantiles_by(mut self, metric: &'static str, by: &'static str) -> Self {
        self.quantiles = Some(Quantiles { metric, by: Some(by) });
        self
    }
}
