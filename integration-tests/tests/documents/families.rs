//! The families that the crates of the workspace declare, as written by a test of the facade.

use std::sync::LazyLock;

use serde::Deserialize;

/// A family, under its name in a registry with default settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) unit: Option<String>,
    pub(crate) help: String,
    pub(crate) labels: Vec<Label>,
    /// In the unit of the family.
    pub(crate) buckets: Option<Vec<f64>>,
    /// Whether the page contains the family only once something feeds it.
    pub(crate) shown_once_used: bool,
    /// Features of the facade, or one of a few words.
    pub(crate) fed_by: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) values: Values,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Values {
    /// `open`, `optional`, `status code` or `sent status code`.
    Word(String),
    Closed(Vec<String>),
}

/// All families. A test of the facade fails if the file differs from the declarations of the crates.
pub(crate) static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let text = include_str!("../../../docs/families.json");
    serde_json::from_str(text).expect("docs/families.json is written by a test of the facade")
});
