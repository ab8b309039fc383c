//! How the endpoint closes a connection that it does not own.

use std::sync::Arc;

use tokio::sync::Notify;

/// A server that puts this into the extensions of a request is told when to close the connection. This is
/// needed because a body that is not polled cannot report it.
#[derive(Clone, Debug, Default)]
pub(super) struct HangUp(Arc<Notify>);

impl HangUp {
    pub(super) fn now(&self) {
        self.0.notify_one();
    }

    /// Resolves when the connection is to be closed, or at once if this was already requested.
    #[cfg(feature = "serve")]
    pub(super) async fn requested(&self) {
        self.0.notified().await;
    }
}
