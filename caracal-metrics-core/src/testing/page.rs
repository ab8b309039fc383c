//! Golden pages.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::exposition::sample_value;
use crate::registry::MetricsRegistry;

/// Replaces a value that differs from run to run.
const MASK: &str = "*";

/// If set to `1`, golden pages are rewritten.
const REWRITE: &str = "METRICS_REWRITE_PAGES";

/// Returns the page of a registry. Values that differ from run to run are replaced by `*`. For histograms of
/// seconds, these are the sums, and the counts of buckets with a finite bound. For other families in seconds,
/// and for families with the given names, these are all values. A name that ends in `*` matches all names with
/// this beginning.
#[must_use]
pub fn masked_page(metrics: &MetricsRegistry, masked: &[&str]) -> String {
    let page = String::from_utf8_lossy(&metrics.generate_metrics()).into_owned();
    let mut written = String::with_capacity(page.len());
    let (mut family, mut is_masked, mut is_histogram) = (String::new(), false, false);
    for line in page.lines() {
        if let Some(header) = line.strip_prefix("# TYPE ") {
            let (name, kind) = header.split_once(' ').unwrap_or((header, ""));
            name.clone_into(&mut family);
            is_histogram = kind == "histogram";
            is_masked = masked.iter().any(|masked| match masked.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == *masked,
            });
        }
        let base = family.strip_suffix("_total").unwrap_or(&family);
        let is_time = base.ends_with("_seconds") || base == "seconds";
        // A count is the same regardless of the durations.
        let is_count = is_histogram
            && line
                .strip_prefix(family.as_str())
                .is_some_and(|rest| rest.starts_with("_count") || rest.contains("le=\"+Inf\""));
        match sample_value(line) {
            Some(value) if is_masked || (is_time && !is_count) => {
                written.push_str(&line[..line.len() - value.len()]);
                written.push_str(MASK);
            }
            _ => written.push_str(line),
        }
        written.push('\n');
    }
    written
}

/// Compares a page with the golden page in a file. `assert_page!` calls this.
///
/// # Errors
///
/// Returns an error if the pages differ, if the file does not exist, or if it can't be written.
pub fn check_page(metrics: &MetricsRegistry, path: &Path, masked: &[&str]) -> Result<(), String> {
    let set = |name: &str| env::var(name).is_ok_and(|value| !value.is_empty() && value != "0");
    check(&masked_page(metrics, masked), path, set(REWRITE), set("CI"))
}

fn check(page: &str, path: &Path, is_rewriting: bool, is_ci: bool) -> Result<(), String> {
    let file = path.display();
    if is_rewriting && is_ci {
        return Err(format!(
            "{REWRITE} and CI are both set: golden pages are rewritten on a developer's machine \
             only, or a test could not fail"
        ));
    }
    if is_rewriting {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = written.and_then(|()| fs::write(path, page));
        return written.map_err(|error| format!("{file} can't be written: {error}"));
    }
    let golden = fs::read_to_string(path).map_err(|error| {
        format!("{file} can't be read: {error}: run the test with {REWRITE}=1 to write it")
    })?;
    let golden = golden.replace("\r\n", "\n");
    if golden == page {
        return Ok(());
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, now) = (lines(&golden), lines(page));
    let mut message = format!("the page differs from {file}\n");
    for line in golden.lines().filter(|line| !now.contains(*line)) {
        let _ = writeln!(message, "- {line}");
    }
    for line in page.lines().filter(|line| !before.contains(*line)) {
        let _ = writeln!(message, "+ {line}");
    }
    if before == now {
        message.push_str("its lines are in another order, or some are repeated\n");
    }
    let _ = writeln!(message, "if the new page is correct, run the test with {REWRITE}=1");
    Err(message)
}

/// Asserts that the page of a registry is the same as the one in a file. The path is relative to the package.
///
/// Values that differ from run to run are masked: see [`masked_page`]. Name other families with such values
/// after `mask`.
///
/// Run the test with `METRICS_REWRITE_PAGES=1` to write the file. If `CI` is set, this is an error.
///
/// ```no_run
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::testing::assert_page;
///
/// let metrics = MetricsRegistry::new();
/// assert_page!(metrics, "tests/page.txt");
/// assert_page!(metrics, "tests/page.txt", mask = ["process_*", "queue_depth"]);
/// ```
///
/// # Panics
///
/// Panics if the pages differ. The message shows the lines that differ.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_page {
    ($metrics:expr, $path:expr $(, mask = [$($masked:expr),* $(,)?])? $(,)?) => {
        $crate::testing::assert_page_of(
            &$metrics,
            &::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($path),
            &[$($($masked),*)?],
        )
    };
}

/// Compares a page for `assert_page!`, which expands to a call of this function.
///
/// # Panics
///
/// Panics if the pages differ.
#[doc(hidden)]
#[track_caller]
pub fn assert_page_of(metrics: &MetricsRegistry, path: &Path, masked: &[&str]) {
    if let Err(message) = check_page(metrics, path, masked) {
        panic!("{message}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_pages_are_not_written_in_ci() {
        let folder = env::temp_dir().join(format!("golden-{}", std::process::id()));
        let path = folder.join("page.txt");
        let error = check("a 1\n", &path, true, true).unwrap_err();
        assert!(error.starts_with("METRICS_REWRITE_PAGES and CI are both set"), "{error}");
        assert!(!path.exists());
        let error = check("a 1\n", &path, false, false).unwrap_err();
        assert!(error.contains("can't be read") && error.contains("METRICS_REWRITE_PAGES=1"));
        assert_eq!(check("a 1\n", &path, true, false), Ok(()));
        assert_eq!(check("a 1\n", &path, false, true), Ok(()));
        let error = check("a 2\n", &path, false, false).unwrap_err();
        assert!(error.contains("\n- a 1\n+ a 2\n"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
