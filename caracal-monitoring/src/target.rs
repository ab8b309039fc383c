//! What Prometheus scrapes.

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

/// Why a [`Target`] is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The job has no name.
    #[error("the name of the job is empty: give the job_name of your scrape configuration")]
    EmptyJob,
    /// The address is not a host and a port.
    #[error(
        "{address:?} is not an address to scrape: give a host and a port, such as \
         \"shop.internal:9000\", without a scheme and without a path"
    )]
    InvalidAddress {
        /// The address.
        address: String,
    },
    /// The path does not begin with a slash.
    #[error(
        "{path:?} is not the path of a page: give one that begins with a slash, such as \"/metrics\""
    )]
    InvalidPath {
        /// The path.
        path: String,
    },
}

impl Target {
    /// A target of this job, scraped at this host and port, at `/metrics`, over HTTP.
    ///
    /// The job is the service's name: alerts and the dashboard have it. Prometheus gives it to each series
    /// as the label `job`, by which the rules and the dashboard select.
    ///
    /// # Errors
    ///
    /// When the job is empty, or when the address has a scheme, a path or a space in it.
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

    /// Where the page is. Defaults to `/metrics`.
    ///
    /// # Errors
    ///
    /// When the path does not begin with a slash.
    pub fn metrics_path(mut self, path: impl Into<String>) -> Result<Self, TargetError> {
        let path = path.into();
        if !path.starts_with('/') {
            return Err(TargetError::InvalidPath { path });
        }
        self.metrics_path = Some(path).filter(|path| path != "/metrics");
        Ok(self)
    }

    /// Whether the page is served over HTTPS, such as by a proxy. Defaults to no.
    pub fn https(mut self, is_https: bool) -> Self {
        self.is_https = is_https;
        self
    }

    /// The file, on Prometheus's machine, with the token of `MetricsEndpoint::bearer_token`.
    pub fn bearer_token_file(mut self, path: impl Into<String>) -> Self {
        self.bearer_token_file = Some(path.into());
        self
    }

    /// The page that says what to do about each alert. The `runbook_url` of an alert is this URL, a `#` and
    /// the name of the alert in lower case. Without it, alerts have no `runbook_url`.
    pub fn runbook(mut self, url: impl Into<String>) -> Self {
        self.runbook = Some(url.into());
        self
    }
}
