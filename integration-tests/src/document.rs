//! The generated parts of checked-in documents.

use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// A file of the repository.
#[must_use]
pub fn repository_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Checks that the region `name` of a document contains `content`. If `CARACAL_REWRITE` is set, and
/// outside of CI, writes the region instead.
///
/// A region is between `<!-- name:start -->` and `<!-- name:end -->`, each on a separate line.
///
/// # Errors
///
/// Returns an error if the region is outdated, the markers are missing, or the file can't be read or
/// written.
pub fn region(document: &str, name: &str, content: &str) -> Result<()> {
    let rewrite = env::var_os("CARACAL_REWRITE").is_some() && env::var_os("CI").is_none();
    update(&repository_file(document), name, content, rewrite)
}

fn update(path: &Path, name: &str, content: &str, rewrite: bool) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    let new = replaced(&old, name, content).with_context(|| path.display().to_string())?;
    if rewrite && old != new {
        return fs::write(path, new).with_context(|| format!("can't write {}", path.display()));
    }
    let path = path.display();
    ensure!(old == new, "{path}: the region `{name}` is outdated: run `cargo xtask docs`");
    Ok(())
}

/// Returns the document with its region replaced. Blank lines separate the content from the markers.
/// Otherwise Markdown would treat a table as a part of the HTML comment.
fn replaced(document: &str, name: &str, content: &str) -> Result<String> {
    let start = line_of(document, &format!("<!-- {name}:start -->"))?;
    let end = line_of(document, &format!("<!-- {name}:end -->"))?;
    if end.start < start.end {
        bail!("the region `{name}` ends before it starts");
    }
    Ok(format!(
        "{}\n{}\n\n{}",
        &document[..start.end],
        content.trim_matches('\n'),
        &document[end.start..]
    ))
}

/// The only line that contains `marker` alone, with its line break.
fn line_of(document: &str, marker: &str) -> Result<Range<usize>> {
    let mut found = None;
    let mut offset = 0;
    for line in document.split_inclusive('\n') {
        if line.trim_end() == marker && found.replace(offset..offset + line.len()).is_some() {
            bail!("the line `{marker}` occurs twice");
        }
        offset += line.len();
    }
    found.with_context(|| format!("there is no line `{marker}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str =
        "# Title\n\n<!-- metrics:start -->\n\nold\n\n<!-- metrics:end -->\n\nrest\n";

    #[test]
    fn only_the_region_changes() {
        assert_eq!(
            replaced(README, "metrics", "| new |\n").unwrap(),
            "# Title\n\n<!-- metrics:start -->\n\n| new |\n\n<!-- metrics:end -->\n\nrest\n"
        );
    }

    #[test]
    fn writing_twice_changes_nothing() {
        let once = replaced(README, "metrics", "| new |").unwrap();
        assert_eq!(replaced(&once, "metrics", "| new |").unwrap(), once);
    }

    #[test]
    fn an_empty_region_is_filled() {
        let empty = "<!-- metrics:start -->\n<!-- metrics:end -->\n";
        assert_eq!(
            replaced(empty, "metrics", "x").unwrap(),
            "<!-- metrics:start -->\n\nx\n\n<!-- metrics:end -->\n"
        );
    }

    #[test]
    fn broken_markers_are_errors() {
        for (document, message) in [
            ("", "there is no line `<!-- metrics:start -->`"),
            ("<!-- metrics:start -->\n", "there is no line `<!-- metrics:end -->`"),
            (
                "<!-- metrics:end -->\n<!-- metrics:start -->\n",
                "the region `metrics` ends before it starts",
            ),
            (
                "<!-- metrics:start -->\n<!-- metrics:start -->\n<!-- metrics:end -->\n",
                "the line `<!-- metrics:start -->` occurs twice",
            ),
        ] {
            assert_eq!(replaced(document, "metrics", "x").unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn checking_fails_on_a_stale_file_and_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("README.md");
        fs::write(&path, README).unwrap();

        let error = update(&path, "metrics", "new", false).unwrap_err();
        assert!(error.to_string().contains("`cargo xtask docs`"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), README);

        update(&path, "metrics", "new", true).unwrap();
        update(&path, "metrics", "new", false).unwrap();
    }
}
