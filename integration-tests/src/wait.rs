//! Waiting for what is to come about.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Far more than any wait of a test takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again until it is so.
///
/// # Errors
///
/// When it is not so after [`PATIENCE`], or when it can't be asked.
pub async fn eventually(what: &str, mut so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !so().await? {
        ensure!(Instant::now() < deadline, "it never came about that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
