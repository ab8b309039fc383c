//! The scrape configuration.

use crate::target::Target;
use crate::text::yaml;

/// The `scrape_configs` of Prometheus for this target, as YAML: a configuration of its own, a file for
/// `scrape_config_files` (Prometheus 2.43 and later), or lines to copy into yours.
#[must_use]
pub fn scrape_config(target: &Target) -> String {
    let mut lines = format!("scrape_configs:\n  - job_name: {}\n", yaml(&target.job));
    if let Some(path) = &target.metrics_path {
        lines += &format!("    metrics_path: {}\n", yaml(path));
    }
    if target.is_https {
        lines += "    scheme: https\n";
    }
    if let Some(file) = &target.bearer_token_file {
        lines += &format!("    authorization:\n      credentials_file: {}\n", yaml(file));
    }
    lines + &format!("    static_configs:\n      - targets: [{}]\n", quoted(&target.address))
}

/// As people write addresses in Prometheus's configuration, though they need no quotes.
fn quoted(address: &str) -> String {
    format!("\"{}\"", crate::text::escaped(address))
}
