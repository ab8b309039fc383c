//! Traffic that continues during the test.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::client::{Answer, Client};

/// Twenty requests per second: far above the thresholds of the alerts, and far below the capacity of a
/// busy machine.
const EVERY: Duration = Duration::from_millis(50);

/// Requests at a steady rate. Each is sent after the previous one was answered.
#[must_use = "the requests go on until it is stopped"]
pub(crate) struct Steady {
    stop: watch::Sender<bool>,
    sending: JoinHandle<Result<()>>,
}

impl Steady {
    pub(crate) fn send<F>(client: &Client, request: impl Fn(Client) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Answer>> + Send,
    {
        let client = client.clone();
        let (stop, stopped) = watch::channel(false);
        let sending = tokio::spawn(async move {
            let mut pace = interval(EVERY);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !*stopped.borrow() {
                pace.tick().await;
                request(client.clone()).await?;
            }
            Ok(())
        });
        Self { stop, sending }
    }

    /// Waits for the last response. Returns an error if a request was not answered.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        self.sending.await?
    }
}
