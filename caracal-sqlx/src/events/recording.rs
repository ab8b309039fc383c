//! Records an event in the series of its statement.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use caracal_metrics_core::adapter::CountedHere;
use caracal_metrics_core::catalogue::{
    DATABASE_QUERIES, DATABASE_QUERY_DURATION, Query, QueryTime,
};
use caracal_metrics_core::{
    Counter, DatabaseOperationType as Operation, DurationHistogram, FamilyError, MetricsRegistry,
    QueryStatus,
};
use tracing::field::{Field, Visit};
use tracing::span::Id;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::QueryEvents;
use crate::counted;
use crate::sql::{Dialect, QueryCache, classify, controls_transaction};

/// The series of statements, found by their texts.
#[derive(Debug)]
pub(super) struct Recording {
    metrics: MetricsRegistry,
    queries: QueryCache<Place>,
}

/// Where a statement is recorded.
#[derive(Debug)]
enum Place {
    /// In the series of its operation and table.
    Series { queries: Counter, duration: DurationHistogram },
    /// Nowhere, because it begins or ends a transaction.
    LeftOut,
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
            // The text has up to four words, so the summary is the whole text.
            statement.summary = true;
            event.record(&mut statement);
        }
        let elapsed = statement.elapsed;
        // If a future sqlx has other fields, the statement counts as one that can't be read.
        let place = statement.read.unwrap_or_else(|| self.find(""));
        if let Place::Series { queries, duration } = &*place {
            queries.inc();
            if let Some(elapsed) = elapsed {
                duration.observe(elapsed);
            }
        }
    }

    fn find(&self, text: &str) -> Arc<Place> {
        self.queries.get(text, |text, dialect| {
            if controls_transaction(text, dialect) {
                return Place::LeftOut;
            }
            let statement = classify(text, dialect);
            self.place(statement.operation, statement.table()).unwrap_or(Place::LeftOut)
        })
    }

    /// It does not fail: every registry has these families of the catalogue.
    fn place(&self, operation: Operation, table: &str) -> Result<Place, FamilyError> {
        let query = Query { operation, table, status: QueryStatus::Unknown };
        let queries = self.metrics.family(&DATABASE_QUERIES)?.with(query);
        let duration = self.metrics.family(&DATABASE_QUERY_DURATION)?;
        Ok(Place::Series { queries, duration: duration.with(QueryTime { operation, table }) })
    }
}

/// The fields of an event that are read.
struct Statement<'r> {
    recording: &'r Recording,
    /// Whether the summary is the complete text.
    summary: bool,
    read: Option<Arc<Place>>,
    elapsed: Option<Duration>,
}

impl Visit for Statement<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // sqlx puts line breaks around the text. The field is empty if the summary is the whole
            // text.
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
            self.elapsed = duration(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Returns the duration that sqlx has converted to seconds, or `None` if sqlx can't have measured it.
///
/// Rounding returns the same whole nanoseconds. It takes fewer instructions than
/// `Duration::try_from_secs_f64`, which handles every number.
#[expect(clippy::cast_sign_loss, reason = "it is not negative")]
fn duration(seconds: f64) -> Option<Duration> {
    (0.0..1e9).contains(&seconds).then(|| Duration::from_nanos((seconds * 1e9 + 0.5) as u64))
}

/// Records the events that it receives.
pub(super) struct QueryLayer {
    events: QueryEvents,
}

thread_local! {
    /// The number of spans around counted queries that this thread has entered.
    static COUNTED_SPANS: Cell<u32> = const { Cell::new(0) };
}

impl QueryLayer {
    pub(super) fn new(events: QueryEvents) -> Self {
        Self { events }
    }

    /// Returns whether a wrapped pool counts the query that runs on this thread now.
    fn is_counted_already() -> bool {
        CountedHere::is_entered() || COUNTED_SPANS.try_with(Cell::get).is_ok_and(|spans| spans > 0)
    }
}

// The span is noted when a thread enters it. Looking for it at each event would also read all spans that the
// application has entered.
impl<S> Layer<S> for QueryLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_enter(&self, span: &Id, context: Context<'_, S>) {
        if is_counted_span(span, &context) {
            let _: Result<_, _> =
                COUNTED_SPANS.try_with(|spans| spans.set(spans.get().saturating_add(1)));
        }
    }

    fn on_exit(&self, span: &Id, context: Context<'_, S>) {
        if is_counted_span(span, &context) {
            let _: Result<_, _> =
                COUNTED_SPANS.try_with(|spans| spans.set(spans.get().saturating_sub(1)));
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if !Self::is_counted_already() {
            self.events.recording.record(event);
        }
    }
}

/// Returns whether this span, which has passed the filter, is around a query that a wrapped pool counts.
fn is_counted_span<S>(span: &Id, context: &Context<'_, S>) -> bool
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    context.metadata(span).is_some_and(|metadata| metadata.name() == counted::SPAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_the_one_that_sqlx_measured() {
        for nanoseconds in [0, 1, 999, 123_456_789, 1_000_000_001, 86_400_000_000_007] {
            let measured = Duration::from_nanos(nanoseconds);
            assert_eq!(duration(measured.as_secs_f64()), Some(measured));
        }
        for impossible in [-1e-9, 1e9, f64::INFINITY, f64::NAN] {
            assert_eq!(duration(impossible), None);
        }
    }
}
