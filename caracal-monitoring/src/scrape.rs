//! The scrape configuration.

use crate::target::Target;
use crate::text::{escaped, yaml};

/// The `scrape_configs` of Prometheus for this target, as YAML: a configuration of its own, a file for
/// `scrape_config_files` (Prometheus 2.43 and later), or lines to copy into yours.
#[must_use]
pub fn scrape_config(target: &Target) -> String {
    let mut job = vec![format!("- job_name: {}", yaml(&target.job))];
    job.extend(target.metrics_path.iter().map(|path| format!("  metrics_path: {}", yaml(path))));
    if target.is_https {
        job.push("  scheme: https".to_owned());
    }
    if let Some(file) = &target.bearer_token_file {
        job.push("  authorization:".to_owned());
        job.push(format!("    credentials_file: {}", yaml(file)));
    }
    job.push("  static_configs:".to_owned());
    // In quotes, as addresses are written everywhere, though few need them.
    job.push(format!("    - targets: [\"{}\"]", escaped(&target.address)));
    format!("scrape_configs:\n  {}\n", job.join("\n  "))
}
