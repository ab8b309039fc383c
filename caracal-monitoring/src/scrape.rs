//! The scrape configuration.

use crate::target::Target;
use crate::text::{escaped, yaml};

/// Returns the `scrape_configs` section of a Prometheus configuration for this target, as YAML.
///
/// You can use it as a complete configuration, list the file under `scrape_config_files` (Prometheus 2.43 and
/// later), or copy its lines into your configuration.
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
    // Addresses are conventionally quoted, although few need it.
    job.push(format!("    - targets: [\"{}\"]", escaped(&target.address)));
    format!("scrape_configs:\n  {}\n", job.join("\n  "))
}
