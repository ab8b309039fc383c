//! How the endpoint ends a connection that it does not own.

use std::sync::Arc;

use tokio::sync::Notify;

/// A server that puts this into a request's extensions is told when it should close the connection: a
/// body that is not polled cannot say it.
#[derive(Clone, Debug, Default)]
pub(super) struct HangUp(Arc<Notify>);

impl HangUp {
    pub(super) fn now(&self) {
        self.0.notify_one();
    }

    /// Resolves when the connection is to be closed, also when that was said before.
    #[cfg(feature = "serve")]
    pub(super) async fn requested(&self) {
        self.0.notified().await;
    }
}
