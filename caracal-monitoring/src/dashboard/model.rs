//! The dashboard in Grafana's JSON model, schema version 39.

use caracal_metrics_core::CircuitBreakerState;
use serde_json::{Value, json};

use super::graph::Graph;
use crate::panels::Kind;
use crate::promql;
use crate::service::Service;

const COLOURS: [&str; 3] = ["green", "yellow", "red"];
const ROW_HEIGHT: u32 = 1;
/// The columns of a dashboard.
const COLUMNS: u32 = 24;

pub(super) fn dashboard(service: &Service<'_>, rows: &[(&str, Vec<Graph>)]) -> Value {
    let job = &service.target.job;
    let title = if service.is_gateway { "Caracal gateway" } else { job };
    json!({
        "uid": uid(job),
        "title": title,
        "description": "Generated from the families that the service has in use.",
        "tags": ["prometheus"],
        "schemaVersion": 39,
        "editable": true,
        // A crosshair that all panels share.
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": variables(service) },
        "panels": panels(rows),
    })
}

/// The uid of the dashboard, which differs for each job. Grafana accepts at most 40 characters, of a few kinds.
fn uid(job: &str) -> String {
    const MOST: usize = 40;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if job.len() <= MOST && job.chars().all(is_allowed) {
        return job.to_owned();
    }
    // FNV-1a, because it gives the same hash in every build.
    let hash = job.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let readable: String = job.chars().filter(|c| is_allowed(*c)).take(MOST - 17).collect();
    format!("{readable}-{hash:016x}")
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

fn variables(service: &Service<'_>) -> Value {
    // A metric that every registry has on its page from the start.
    let always = promql::named("caracal_metrics_collection_errors_total", &service.namespace);
    let jobs = format!("label_values({always}, job)");
    let job = &service.target.job;
    json!([
        {
            "type": "datasource",
            "name": "datasource",
            "label": "Data source",
            "query": "prometheus",
            "refresh": 1,
        },
        {
            "type": "query",
            "name": "job",
            "label": "Job",
            "datasource": datasource(),
            "query": { "query": jobs, "refId": "job" },
            // Refresh when the time range changes, because jobs come and go.
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            "allValue": ".+",
            "current": { "text": [job], "value": [job] },
        },
    ])
}

/// The rows and their panels, from left to right and from top to bottom.
fn panels(rows: &[(&str, Vec<Graph>)]) -> Vec<Value> {
    let mut panels = Vec::new();
    let mut y = 0;
    for (title, graphs) in rows {
        panels.push(json!({
            "id": panels.len() + 1,
            "type": "row",
            "title": title,
            "collapsed": false,
            "gridPos": { "h": ROW_HEIGHT, "w": COLUMNS, "x": 0, "y": y },
            "panels": [],
        }));
        y += ROW_HEIGHT;
        let (mut x, mut line) = (0, 0);
        for graph in graphs {
            if x + graph.width > COLUMNS {
                (x, y, line) = (0, y + line, 0);
            }
            let place = json!({ "h": graph.height, "w": graph.width, "x": x, "y": y });
            let id = panels.len() + 1;
            panels.push(panel(graph, id, &place));
            x += graph.width;
            line = line.max(graph.height);
        }
        y += line;
    }
    panels
}

fn panel(graph: &Graph, id: usize, place: &Value) -> Value {
    let kind = match graph.kind {
        Kind::Timeseries => "timeseries",
        Kind::Stat => "stat",
        Kind::Gauge => "gauge",
        Kind::Heatmap => "heatmap",
        Kind::StateTimeline => "state-timeline",
    };
    json!({
        "id": id,
        "type": kind,
        "title": graph.title,
        "description": graph.description,
        "datasource": datasource(),
        "gridPos": place,
        "targets": targets(graph),
        "fieldConfig": { "defaults": field(graph), "overrides": [] },
        "options": options(graph),
    })
}

fn targets(graph: &Graph) -> Vec<Value> {
    let format = if graph.kind == Kind::Heatmap { "heatmap" } else { "time_series" };
    ('A'..='Z')
        .zip(&graph.queries)
        .map(|(id, query)| {
            let histogram = query.expression.contains("_bucket{");
            json!({
                "refId": id.to_string(),
                "datasource": datasource(),
                "editorMode": "code",
                "expr": query.expression,
                "legendFormat": query.legend,
                "format": format,
                "range": true,
                "instant": false,
                "exemplar": histogram,
            })
        })
        .collect()
}

fn field(graph: &Graph) -> Value {
    let mut steps = vec![json!({ "color": COLOURS[0], "value": null })];
    steps.extend(
        graph
            .thresholds
            .iter()
            .zip(&COLOURS[1..])
            .map(|(value, colour)| json!({ "color": colour, "value": value })),
    );
    let colour = match graph.kind {
        Kind::Timeseries | Kind::Heatmap => "palette-classic",
        Kind::Stat | Kind::Gauge | Kind::StateTimeline => "thresholds",
    };
    let mut field = json!({
        "unit": graph.unit,
        "color": { "mode": colour },
        "thresholds": { "mode": "absolute", "steps": steps },
        "mappings": if graph.has_breaker_states { states() } else { json!([]) },
        "custom": custom(graph),
    });
    for (bound, value) in [("min", graph.min), ("max", graph.max)] {
        if let Some(value) = value {
            field[bound] = json!(value);
        }
    }
    field
}

/// Maps the values of the state gauge to the names of the states.
fn states() -> Value {
    let states = [
        (CircuitBreakerState::Closed, "green"),
        (CircuitBreakerState::Open, "red"),
        (CircuitBreakerState::HalfOpen, "yellow"),
    ];
    let options: serde_json::Map<_, _> = states
        .map(|(state, colour)| {
            let value = state as u8;
            (value.to_string(), json!({ "text": state.as_str(), "color": colour, "index": value }))
        })
        .into_iter()
        .collect();
    json!([{ "type": "value", "options": options }])
}

fn custom(graph: &Graph) -> Value {
    match graph.kind {
        Kind::Timeseries => json!({
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": if graph.is_stacked { 30 } else { 0 },
            "showPoints": "never",
            "stacking": { "mode": if graph.is_stacked { "normal" } else { "none" }, "group": "A" },
            "thresholdsStyle": { "mode": if graph.thresholds.is_empty() { "off" } else { "dashed" } },
        }),
        Kind::StateTimeline => json!({ "fillOpacity": 80, "lineWidth": 0 }),
        Kind::Stat | Kind::Gauge | Kind::Heatmap => json!({}),
    }
}

fn options(graph: &Graph) -> Value {
    let last = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
    match graph.kind {
        Kind::Timeseries => json!({
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": true,
                "calcs": ["mean", "max", "lastNotNull"],
            },
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
        Kind::Stat => json!({
            "reduceOptions": last,
            "colorMode": "value",
            "graphMode": "area",
            "justifyMode": "auto",
            "textMode": "auto",
            "orientation": "auto",
        }),
        Kind::Gauge => json!({
            "reduceOptions": last,
            "orientation": "auto",
            "showThresholdLabels": false,
            "showThresholdMarkers": true,
        }),
        Kind::Heatmap => json!({
            // The values are already in buckets.
            "calculate": false,
            "cellGap": 1,
            "color": {
                "mode": "scheme",
                "scheme": "Oranges",
                "fill": "dark-orange",
                "exponent": 0.5,
                "steps": 64,
                "reverse": false,
            },
            "exemplars": { "color": "rgba(255,0,255,0.7)" },
            "filterValues": { "le": 1e-9 },
            "legend": { "show": true },
            "rowsFrame": { "layout": "auto" },
            "showValue": "never",
            "tooltip": { "mode": "single", "showColorScale": false, "yHistogram": true },
            "yAxis": { "axisPlacement": "left", "reverse": false, "unit": graph.unit },
        }),
        Kind::StateTimeline => json!({
            "mergeValues": true,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
            "tooltip": { "mode": "single", "sort": "none" },
        }),
    }
}
