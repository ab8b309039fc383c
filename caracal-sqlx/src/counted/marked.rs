//! Marks the thread that runs a query, and makes the span that SQLite's driver passes to its own thread.

use std::pin::Pin;
use std::task::{Context, Poll};

use caracal_metrics_core::adapter::CountedHere;
use futures_util::Stream;
use pin_project_lite::pin_project;
use tracing::span::EnteredSpan;
use tracing::{Level, Span, span};

use crate::events::TARGET;
use crate::sql::Dialect;

/// The name of the span around a query that is counted already. Its target is that of sqlx's events.
pub(crate) const SPAN: &str = "counted";

pin_project! {
    /// A future or a stream of the driver whose query is already counted.
    pub(crate) struct Counted<F> {
        // `None` after it was dropped. Drivers emit the event of a cancelled query in the drop, so it
        // is dropped under the mark.
        #[pin]
        run: Option<F>,
        mark: Mark,
    }

    impl<F> PinnedDrop for Counted<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.mark.enter();
            this.run.set(None);
        }
    }
}

pub(crate) fn counted<F>(dialect: Dialect, run: F) -> Counted<F> {
    let span = if dialect == Dialect::Sqlite { Marking::BySpan(None) } else { Marking::ByThread };
    Counted { run: Some(run), mark: Mark { marking: span } }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.mark.enter();
        this.run.as_pin_mut().map_or(Poll::Pending, |run| run.poll(cx))
    }
}

impl<F: Stream> Stream for Counted<F> {
    type Item = F::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Item>> {
        let this = self.project();
        let _entered = this.mark.enter();
        this.run.as_pin_mut().map_or(Poll::Ready(None), |run| run.poll_next(cx))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.run.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

struct Mark {
    marking: Marking,
}

enum Marking {
    ByThread,
    /// The driver enters the span on the thread of the connection. The span is made at the first poll.
    BySpan(Option<Span>),
}

impl Mark {
    fn enter(&mut self) -> Entered {
        let span = match &mut self.marking {
            Marking::BySpan(span) if CountedHere::is_sought() => {
                Some(span.get_or_insert_with(marking_span).clone().entered())
            }
            _ => None,
        };
        Entered { _here: CountedHere::enter(), _span: span }
    }
}

/// The span has the most verbose level, which logs and traces seldom contain, unless a filter for the whole
/// subscriber disables that level.
fn marking_span() -> Span {
    let span = span!(target: TARGET, Level::TRACE, SPAN);
    if span.is_disabled() { span!(target: TARGET, Level::ERROR, SPAN) } else { span }
}

struct Entered {
    _here: CountedHere,
    _span: Option<EnteredSpan>,
}
