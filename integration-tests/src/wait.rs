//! Waiting for a condition.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Far longer than any wait of a test takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Checks a condition repeatedly until it is true.
///
/// # Errors
///
/// Returns an error if the condition is not true after [`PATIENCE`], or if it can't be checked.
pub async fn eventually(what: &str, mut so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !so().await? {
        ensure!(Instant::now() < deadline, "timed out while waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
