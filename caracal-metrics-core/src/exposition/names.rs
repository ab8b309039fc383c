//! The names that a family takes for itself.
//!
//! A family's samples have names of their own: a histogram `x` has `x_bucket`, `x_sum` and `x_count`.
//! OpenMetrics reserves `x_created` for it as well, whether or not the page has such a sample, and
//! calls the counter `x_total` `x`. A second family with one of these names makes a page that
//! scrapers refuse, or, worse, accept as samples of the first one.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::header::base_name;
use crate::catalogue::CATALOGUE;

/// A family, by its name and, where it is known, its type as `# TYPE` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFamily {
    pub(crate) name: String,
    pub(crate) kind: Option<&'static str>,
}

/// Two families need the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// A name of the family belongs to another one.
    Name { name: String, other: String, shared: String },
    /// A family of the same name has another type.
    Type { name: String, kind: &'static str, other: &'static str },
}

/// Suffixes of names that a family has in addition to its own.
const SUFFIXES: &[&str] = &["_bucket", "_sum", "_count", "_created"];

/// The suffixes that a type has in any of the formats. A counter is not among them: those of its
/// names that text 0.0.4 does not have are OpenMetrics' alone ([`open_metrics_names`]).
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "histogram" => SUFFIXES,
        "summary" => SUFFIXES.split_first().map_or(&[], |(_, rest)| rest),
        _ => &[],
    }
}

/// The names that a family can't do without, in whatever format.
pub(super) fn own_names<'a>(name: &'a str, kind: &str) -> impl Iterator<Item = String> + use<'a> {
    std::iter::once("").chain(suffixes(kind).iter().copied()).map(move |s| format!("{name}{s}"))
}

/// The names that OpenMetrics gives a counter beyond its own, as long as its type is `counter`.
pub(super) fn open_metrics_names<'a>(
    name: &'a str,
    kind: &'a str,
) -> impl Iterator<Item = String> + use<'a> {
    let suffixes: &[&str] = if kind == "counter" { &["", "_total", "_created"] } else { &[] };
    let names = suffixes.iter().map(move |suffix| format!("{}{suffix}", base_name(name, kind)));
    names.filter(move |other| other != name)
}

/// All names of the catalogue's families, each with its family.
static RESERVED: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let names = CATALOGUE.iter().flat_map(|family| {
        let (name, kind) = (family.name, family.kind.as_str());
        own_names(name, kind)
            .chain(open_metrics_names(name, kind))
            .map(move |reserved| (reserved, name))
    });
    names.collect()
});

/// All names of the catalogue's families, each with its family.
pub(crate) fn reserved() -> impl Iterator<Item = (&'static str, &'static str)> {
    RESERVED.iter().map(|(name, family)| (name.as_str(), *family))
}

/// Whether a name belongs to a family of the catalogue.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains_key(name)
}

/// Names that are taken, by the catalogue and by others.
#[derive(Debug, Default)]
pub(super) struct Taken<'a>(HashMap<String, &'a str>);

impl<'a> Taken<'a> {
    fn owner(&self, name: &str) -> Option<&'a str> {
        RESERVED.get(name).or_else(|| self.0.get(name)).copied()
    }

    /// Takes all of the names for a family, or none if one of them is another family's.
    pub(super) fn take(
        &mut self,
        family: &'a str,
        names: impl Iterator<Item = String>,
    ) -> Result<(), Clash> {
        let names: Vec<_> = names.collect();
        for shared in &names {
            if let Some(other) = self.owner(shared) {
                let (name, other) = (family.to_owned(), other.to_owned());
                return Err(Clash::Name { name, other, shared: shared.clone() });
            }
        }
        self.0.extend(names.into_iter().map(|name| (name, family)));
        Ok(())
    }
}

/// Whether new families can join those of the catalogue and others, which are there already.
///
/// Two families of one name and type are left to `prometheus`, which wants them to have different
/// constant labels.
pub(crate) fn check(new: &[NamedFamily], others: &[NamedFamily]) -> Result<(), Clash> {
    let mut taken = Taken::default();
    for NamedFamily { name, kind } in others {
        // Those that clash with each other are not the new ones' fault.
        let _ = taken.take(name, own_names(name, kind.unwrap_or_default()));
    }
    let catalogue = CATALOGUE.iter().map(|family| (family.name, Some(family.kind.as_str())));
    let mut known: HashMap<_, _> =
        others.iter().map(|other| (other.name.as_str(), other.kind)).chain(catalogue).collect();
    for NamedFamily { name, kind } in new {
        match (kind, known.get(name.as_str())) {
            (Some(kind), Some(Some(other))) if kind != other => {
                return Err(Clash::Type { name: name.clone(), kind, other });
            }
            (_, Some(_)) => {}
            (kind, None) => {
                taken.take(name, own_names(name, kind.unwrap_or_default()))?;
                known.insert(name, *kind);
            }
        }
    }
    Ok(())
}

/// The names of families that may clash with one of this name, depending on their types.
pub(crate) fn related(name: &str) -> impl Iterator<Item = String> {
    let longer = SUFFIXES.iter().map(move |suffix| format!("{name}{suffix}"));
    let shorter = SUFFIXES.iter().filter_map(move |suffix| name.strip_suffix(suffix));
    longer.chain(shorter.map(str::to_owned))
}

/// Whether this is a name that every version of Prometheus takes for a family.
pub(super) fn is_metric_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':');
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_families_of_the_catalogue_share_a_name() {
        let mut seen = HashMap::new();
        for family in CATALOGUE {
            let (name, kind) = (family.name, family.kind.as_str());
            for taken in own_names(name, kind).chain(open_metrics_names(name, kind)) {
                assert_eq!(seen.insert(taken.clone(), name), None, "{taken}");
            }
        }
        assert_eq!(seen.len(), RESERVED.len());
    }

    #[test]
    fn names_by_type() {
        let all = |name: &'static str, kind: &'static str| {
            let mut all: Vec<_> =
                own_names(name, kind).chain(open_metrics_names(name, kind)).collect();
            all.sort();
            all.join(" ")
        };
        assert_eq!(all("x", "gauge"), "x");
        assert_eq!(all("x_total", "gauge"), "x_total");
        assert_eq!(all("x_total", "counter"), "x x_created x_total");
        assert_eq!(all("x", "counter"), "x x_created x_total");
        assert_eq!(all("x", "histogram"), "x x_bucket x_count x_created x_sum");
        assert_eq!(all("x", "summary"), "x x_count x_created x_sum");
    }
}
