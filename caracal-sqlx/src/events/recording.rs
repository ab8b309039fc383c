//! From an event to the series of its statement.

use std::fmt;
use std::time::Duration;

use caracal_metrics_core::adapter::CountedHere;
use caracal_metrics_core::catalogue::{
    DATABASE_QUERIES, DATABASE_QUERY_DURATION, Query, QueryTime,
};
use caracal_metrics_core::{Counter, DurationHistogram, MetricsRegistry, QueryStatus};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::QueryEvents;
use crate::counted;
use crate::sql::{Dialect, QueryCache, classify, controls_transaction};

/// What statements record into.
#[derive(Debug)]
pub(super) struct Recording {
    metrics: MetricsRegistry,
    queries: QueryCache<Option<Ended>>,
}

/// Statements of one operation on one table. Those about transactions have none of this.
#[derive(Clone, Debug)]
struct Ended {
    queries: Counter,
    duration: DurationHistogram,
}

impl Recording {
    pub(super) fn new(metrics: &MetricsRegistry, dialect: Dialect) -> Self {
        Self { metrics: metrics.clone(), queries: QueryCache::new(dialect) }
    }

    fn record(&self, event: &Event<'_>) {
        let mut statement =
            Statement { recording: self, summary: false, read: None, elapsed: None };
        event.record(&mut statement);
        if statement.read.is_none() {
            // A text of up to four words is its own summary.
            statement.summary = true;
            event.record(&mut statement);
        }
        let elapsed = statement.elapsed;
        // An event of a layout that is not sqlx's own so far: a statement that can't be read.
        let Some(ended) = statement.read.unwrap_or_else(|| self.find("")) else { return };
        ended.queries.inc();
        if let Some(elapsed) = elapsed {
            ended.duration.observe(elapsed);
        }
    }

    fn find(&self, text: &str) -> Option<Ended> {
        self.queries.get(text, |text, dialect| {
            if controls_transaction(text, dialect) {
                return None;
            }
            let statement = classify(text, dialect);
            let (operation, table) = (statement.operation, statement.table());
            let query = Query { operation, table, status: QueryStatus::Unknown };
            // They are of the catalogue, so every registry has them.
            let queries = self.metrics.family(&DATABASE_QUERIES).ok()?.with(query);
            let duration = self.metrics.family(&DATABASE_QUERY_DURATION).ok()?;
            let duration = duration.with(QueryTime { operation, table });
            Some(Ended { queries, duration })
        })
    }
}

/// What an event says of its statement.
struct Statement<'r> {
    recording: &'r Recording,
    /// Whether to take the summary for the text.
    summary: bool,
    read: Option<Option<Ended>>,
    elapsed: Option<Duration>,
}

impl Visit for Statement<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // sqlx puts line breaks around the text, and leaves it empty where the summary has it
            // all.
            "db.statement" if !value.is_empty() => {
                let text = value.strip_prefix("\n\n").unwrap_or(value);
                let text = text.strip_suffix('\n').unwrap_or(text);
                self.read = Some(self.recording.find(text));
            }
            "summary" if self.summary => self.read = Some(self.recording.find(value)),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Records the events that come.
pub(super) struct QueryLayer {
    events: QueryEvents,
}

impl QueryLayer {
    pub(super) fn new(events: QueryEvents) -> Self {
        Self { events }
    }
}

impl<S> Layer<S> for QueryLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if CountedHere::is_entered() || context.event_span(event).is_some_and(counted::is_span) {
            return;
        }
        self.events.recording.record(event);
    }
}
