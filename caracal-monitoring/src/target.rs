//! The target that Prometheus scrapes.

use thiserror::Error;

/// The service as Prometheus scrapes it: its job and its address.
///
/// ```
/// # mod caracal_metrics { pub use caracal_monitoring as monitoring; }
/// use caracal_metrics::monitoring::{Target, scrape_config};
///
/// let target = Target::new("shop-api", "shop.internal:9000")?.metrics_path("/internal/metrics")?;
/// assert_eq!(
///     scrape_config(&target),
///     r#"scrape_configs:
///   - job_name: shop-api
///     metrics_path: "/internal/metrics"
///     static_configs:
///       - targets: ["shop.internal:9000"]
/// "#
/// );
/// # Ok::<(), caracal_metrics::monitoring::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Target {
    pub(crate) job: String,
    pub(crate) address: String,
    pub(crate) metrics_path: Option<String>,
    pub(crate) is_https: bool,
    pub(crate) bearer_token_file: Option<String>,
    pub(crate) runbook: Option<String>,
}

/// An error in the settings of a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The job has no name.
    #[error("the name of the job is empty: use the job_name of your scrape configuration")]
    EmptyJob,
    /// The address is not a host and a port.
    #[error(
        "{address:?} is not the address of a target: use a host and a port, such as \
         \"shop.internal:9000\", without a scheme or a path"
    )]
    InvalidAddress {
        /// The address.
        address: String,
    },
    /// The path does not begin with a slash.
    #[error("{path:?} is not a valid path: use one that begins with a slash, such as \"/metrics\"")]
    InvalidPath {
        /// The path.
        path: String,
    },
}

impl Target {
    /// Creates a target of this job. Prometheus scrapes it at this host and port, at the path `/metrics` and
    /// over HTTP.
    ///
    /// The job is the name of the service. Alerts and the dashboard show it. Prometheus adds it to each series
    /// as the label `job`, and the rules and the dashboard select by this label.
    ///
    /// # Errors
    ///
    /// Returns an error if the job is empty, or if the address contains a scheme, a path or a space.
    pub fn new(job: impl Into<String>, address: impl Into<String>) -> Result<Self, TargetError> {
        let (job, address) = (job.into(), address.into());
        if job.is_empty() {
            return Err(TargetError::EmptyJob);
        }
        let is_of_a_host = |c: char| c.is_alphanumeric() || "-._:[]%".contains(c);
        if address.is_empty() || !address.chars().all(is_of_a_host) {
            return Err(TargetError::InvalidAddress { address });
        }
        Ok(Self {
            job,
            address,
            metrics_path: None,
            is_https: false,
            bearer_token_file: None,
            runbook: None,
        })
    }

    /// Sets the path of the page. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// Returns an error if the path does not begin with a slash.
    pub fn metrics_path(mut self, path: impl Into<String>) -> Result<Self, TargetError> {
        let path = path.into();
        if !path.starts_with('/') {
            return Err(TargetError::InvalidPath { path });
        }
        self.metrics_path = Some(path).filter(|path| path != "/metrics");
        Ok(self)
    }

    /// Sets whether Prometheus scrapes the page over HTTPS. Defaults to `false`.
    pub fn https(mut self, is_https: bool) -> Self {
        self.is_https = is_https;
        self
    }

    /// Sets the file that contains the token of `MetricsEndpoint::bearer_token`. Prometheus reads this file.
    pub fn bearer_token_file(mut self, path: impl Into<String>) -> Self {
        self.bearer_token_file = Some(path.into());
        self
    }

    /// Sets the URL of your runbook. The `runbook_url` of each alert is this URL, a `#` and the name of the
    /// alert in lower case. Without this setting, alerts have no `runbook_url`.
    pub fn runbook(mut self, url: impl Into<String>) -> Self {
        self.runbook = Some(url.into());
        self
    }
}
