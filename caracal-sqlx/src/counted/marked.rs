//! Marks the thread that runs a query, and the span that SQLite's driver takes to its own thread.

use std::pin::Pin;
use std::task::{Context, Poll};

use caracal_metrics_core::adapter::CountedHere;
use futures_util::Stream;
use pin_project_lite::pin_project;
use tracing::span::EnteredSpan;
use tracing::{Level, Span, span};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::events::TARGET;
use crate::sql::Dialect;

const SPAN: &str = "counted";

/// Whether this span is around a query that is counted.
pub(crate) fn is_span<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> bool {
    span.name() == SPAN
}

pin_project! {
    /// A future or a stream of the driver's, whose query is counted already.
    pub(crate) struct Counted<F> {
        // `None` when it is dropped: drivers emit the event of a cancelled query then.
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
    /// The driver enters the span on the thread of the connection. It is made when the query is first
    /// polled.
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

/// At the lowest level, which logs and traces seldom show, unless a filter for the whole subscriber
/// hides that.
fn marking_span() -> Span {
    let span = span!(target: TARGET, Level::TRACE, SPAN);
    if span.is_disabled() { span!(target: TARGET, Level::ERROR, SPAN) } else { span }
}

struct Entered {
    _here: CountedHere,
    _span: Option<EnteredSpan>,
}
