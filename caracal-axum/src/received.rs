//! Counts the bytes of the body of a request.

use std::any::Any;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Body as _, Frame, SizeHint};

use crate::extras::Received;

/// Counts the bytes that the service reads of a request's body, if it is axum's body type, which is always
/// the case inside a `Router`. Another body can't be wrapped without changing its type.
pub(crate) fn count<B: 'static>(body: &mut B) -> Option<Received> {
    let body = (body as &mut dyn Any).downcast_mut::<Body>()?;
    if body.is_end_stream() {
        return Some(Received::Nothing);
    }
    let bytes = Arc::new(AtomicU64::new(0));
    *body = Body::new(CountedBody { inner: mem::take(body), bytes: Arc::clone(&bytes) });
    Some(Received::Counted(bytes))
}

struct CountedBody {
    inner: Body,
    bytes: Arc<AtomicU64>,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.bytes.fetch_add(data.len() as u64, Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
