//! The clock by which a registry decides which series are idle.

use std::time::{Duration, Instant};

#[cfg(feature = "testing")]
use crate::clock::Clock;

/// The system's monotonic clock, or one that a test moves.
#[derive(Clone, Debug)]
pub(crate) struct RegistryClock {
    start: Instant,
    #[cfg(feature = "testing")]
    set: Option<Clock>,
}

impl RegistryClock {
    /// Returns the system's clock.
    pub(crate) fn system() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(feature = "testing")]
            set: None,
        }
    }

    /// Returns the time since this clock was created.
    pub(crate) fn now(&self) -> Duration {
        #[cfg(feature = "testing")]
        if let Some(clock) = &self.set {
            return clock.now().saturating_duration_since(self.start);
        }
        self.start.elapsed()
    }
}

#[cfg(feature = "testing")]
impl From<Clock> for RegistryClock {
    fn from(clock: Clock) -> Self {
        Self { start: clock.now(), set: Some(clock) }
    }
}
