//! One family of a snapshot.

use super::series::SeriesSnapshot;
use super::storage::Family;

/// The type of a family on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FamilyType {
    /// A sum that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// Observations that are counted in buckets.
    Histogram,
    /// Observations with quantiles that the program computed itself. Only foreign families have this type.
    Summary,
    /// Unknown. Only foreign families have this type.
    Untyped,
}

impl FamilyType {
    /// Returns the word that `# TYPE` contains.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    pub(crate) fn of_word(word: &str) -> Self {
        let known = [Self::Counter, Self::Gauge, Self::Histogram, Self::Summary];
        known.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Untyped)
    }
}

impl std::fmt::Display for FamilyType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A family and its series.
#[derive(Clone, Debug)]
pub struct FamilySnapshot {
    pub(crate) name: String,
    pub(crate) kind: FamilyType,
    pub(crate) help: String,
    pub(crate) unit: Option<String>,
    pub(crate) is_foreign: bool,
    /// The names of the labels that one of our families declares, in order.
    pub(crate) declared: Vec<String>,
    pub(crate) content: Family,
}

impl FamilySnapshot {
    /// Returns the name in the text format 0.0.4.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type.
    #[must_use]
    pub fn kind(&self) -> FamilyType {
        self.kind
    }

    /// Returns the help text, unescaped.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Returns the unit of the values, such as `seconds`.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Returns whether the family was gathered from the attached `prometheus::Registry`. If series of such a
    /// family were added to one of Caracal's families, the family is not foreign.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Returns the names of the labels that the family declares, in order. Empty for a foreign family, which
    /// does not declare its labels.
    #[must_use]
    pub fn declared_labels(&self) -> &[String] {
        &self.declared
    }

    /// Returns the series, in the order of the page.
    #[must_use]
    pub fn series(&self) -> impl ExactSizeIterator<Item = SeriesSnapshot<'_>> + Clone {
        (0..self.content.series.len()).map(|place| SeriesSnapshot::at(&self.content, place))
    }

    /// Returns the series with exactly these labels, including constant ones, in any order.
    ///
    /// This is a linear search through the series.
    #[must_use]
    pub fn get(&self, labels: &[(&str, &str)]) -> Option<SeriesSnapshot<'_>> {
        self.series().find(|series| {
            series.labels().len() == labels.len()
                && labels.iter().all(|(name, value)| series.label(name) == Some(*value))
        })
    }
}
