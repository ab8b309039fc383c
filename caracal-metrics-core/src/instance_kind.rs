//! The kinds of observed things.

use std::fmt;

/// The kind of thing that an instance observes, such as a pool. Errors about the instance contain this word.
/// Names are unique within a kind.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::adapter::InstanceKind;
///
/// const SEMAPHORE: InstanceKind = InstanceKind::new("semaphore");
///
/// let metrics = MetricsRegistry::new();
/// let uploads = metrics.attach(SEMAPHORE, Some("uploads"))?;
/// let error = metrics.attach(SEMAPHORE, Some("uploads")).unwrap_err();
/// assert!(error.to_string().starts_with("a semaphore named \"uploads\" is attached already"));
/// # Ok::<(), caracal_metrics::AttachError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceKind(&'static str);

impl InstanceKind {
    /// Returns the kind with this noun. Two kinds with the same noun are equal.
    #[must_use]
    pub const fn new(noun: &'static str) -> Self {
        Self(noun)
    }
}

impl fmt::Display for InstanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
