//! The files of the page.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use super::documents::Document;

/// A file that is the same for all viewers.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    text: &'static str,
    made: OnceLock<Option<(Document, String)>>,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, text: &'static str) -> Self {
        Self { name, content_type, text, made: OnceLock::new() }
    }

    /// Returns the file and its entity tag.
    pub(super) fn get(&self) -> Option<&(Document, String)> {
        let make = || {
            // The tag is the same in every process of this build, so a copy in a proxy is valid for all
            // replicas.
            let mut hasher = DefaultHasher::new();
            self.text.hash(&mut hasher);
            let tag = format!("\"{:016x}\"", hasher.finish());
            Some((Document::new(self.text.as_bytes())?, tag))
        };
        self.made.get_or_init(make).as_ref()
    }
}

macro_rules! script {
    ($( $file:literal ),* $(,)?) => {
        concat!($( include_str!(concat!("../../../live/script/", $file, ".js")), "\n" ),*)
    };
}

/// All files except the page itself.
pub(super) static ASSETS: [Asset; 3] = [
    Asset::new(
        "live.js",
        "text/javascript; charset=utf-8",
        script!(
            "text",
            "names",
            "history",
            "maths",
            "buckets",
            "promql",
            "elements",
            "list",
            "theme",
            "chart",
            "lines",
            "heatmap",
            "timeline",
            "panel",
            "requests",
            "dependencies",
            "runtime",
            "attention",
            "overview",
            "families",
            "series",
            "detail",
            "cardinality",
            "files",
            "poll",
            "main",
        ),
    ),
    Asset::new("live.css", "text/css; charset=utf-8", include_str!("../../../live/live.css")),
    Asset::new("icon.svg", "image/svg+xml", include_str!("../../../live/icon.svg")),
];

/// The placeholder in the page for the folder of the other files.
const FOLDER: &str = "FOLDER/";

/// Returns the page for this path.
pub(super) fn page(path: &str) -> String {
    let html = include_str!("../../../live/index.html");
    html.replace(FOLDER, &folder(path))
}

/// Returns the relative path from the page to its files. The files of a page at `/live` are at `/live/…`, but
/// a browser resolves relative links of that page against `/`.
fn folder(path: &str) -> String {
    let segment = path.rsplit('/').next().unwrap_or_default();
    if segment.is_empty() {
        return "./".to_owned();
    }
    let mut folder = String::from("./");
    for character in segment.chars() {
        match character {
            '&' => folder.push_str("&amp;"),
            '<' => folder.push_str("&lt;"),
            '>' => folder.push_str("&gt;"),
            '"' => folder.push_str("&quot;"),
            '\'' => folder.push_str("&#39;"),
            other => folder.push(other),
        }
    }
    folder.push('/');
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_next_to_the_page_wherever_it_is() {
        assert_eq!(folder("/"), "./");
        assert_eq!(folder("/admin/live/"), "./");
        assert_eq!(folder("/admin/live"), "./live/");
        assert_eq!(folder("/\"><script>"), "./&quot;&gt;&lt;script&gt;/");
        assert!(page("/x/live").contains("src=\"./live/live.js\""));
    }

    #[test]
    fn the_page_is_small() {
        let of = |bytes: &[u8]| Document::new(bytes).unwrap().gzip.len();
        let files: usize = ASSETS.iter().map(|asset| of(asset.text.as_bytes())).sum();
        let all = files + of(page("/").as_bytes());
        assert!(all <= 60 * 1024, "{all} bytes, compressed");
    }
}
