//! The names that a family reserves.
//!
//! The samples of a family have names of their own: a histogram `x` has `x_bucket`, `x_sum` and `x_count`.
//! OpenMetrics also reserves `x_created` for it, whether or not the page has such a sample, and calls the
//! counter `x_total` `x`. If a second family had one of these names, scrapers would refuse the page or, worse,
//! accept its samples as samples of the first family.

use std::collections::HashMap;
use std::sync::Arc;

/// A family: its name and, if known, its type as in `# TYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFamily {
    pub(crate) name: String,
    pub(crate) kind: Option<&'static str>,
}

/// A clash: two families need the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// A name of the family belongs to another one.
    Name { name: String, other: String, shared: String },
    /// A family of the same name has another type.
    Type { name: String, kind: &'static str, other: &'static str },
}

/// Returns the name that OpenMetrics gives a family. For a counter, this is the name without `_total`.
pub(crate) fn base_name<'a>(name: &'a str, kind: &str) -> &'a str {
    match name.strip_suffix("_total") {
        Some(base) if kind == "counter" => base,
        _ => name,
    }
}

/// The suffixes of the names that a family can have in addition to its own.
const SUFFIXES: &[&str] = &["_bucket", "_sum", "_count", "_created"];

/// Returns the suffixes that a type has in any of the formats. Counters are not included: OpenMetrics is the
/// only format with additional names for them ([`open_metrics_names`]).
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "histogram" => SUFFIXES,
        "summary" => SUFFIXES.split_first().map_or(&[], |(_, rest)| rest),
        _ => &[],
    }
}

/// Returns the names that a family needs in any format.
pub(crate) fn own_names(name: &str, kind: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    names.extend(suffixes(kind).iter().map(|suffix| [name, suffix].concat()));
    names
}

/// Returns the additional names that OpenMetrics gives a counter while its type is `counter`.
pub(crate) fn open_metrics_names(name: &str, kind: &str) -> Vec<String> {
    let suffixes: &[&str] = if kind == "counter" { &["", "_total", "_created"] } else { &[] };
    let names = suffixes.iter().map(|suffix| [base_name(name, kind), suffix].concat());
    names.filter(|other| other != name).collect()
}

/// Returns all names of a family, in any format.
pub(crate) fn all_names(name: &str, kind: &str) -> Vec<String> {
    let mut names = own_names(name, kind);
    names.append(&mut open_metrics_names(name, kind));
    names
}

/// The names of samples and of metadata, sorted by name, each with its family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken(Vec<(Arc<str>, Arc<str>)>);

impl Taken {
    /// Returns the family to which a name belongs.
    pub(crate) fn owner(&self, name: &str) -> Option<&str> {
        self.place(name).ok().map(|place| &*self.0[place].1)
    }

    /// Returns the names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// Returns the index of the name, or where to insert it.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }

    /// Reserves all of the names for a family, or none of them if one belongs to another family.
    pub(crate) fn take(&mut self, family: &str, names: &[String]) -> Result<(), Clash> {
        for shared in names {
            if let Some(other) = self.owner(shared) {
                let (name, other) = (family.to_owned(), other.to_owned());
                return Err(Clash::Name { name, other, shared: shared.clone() });
            }
        }
        let family: Arc<str> = family.into();
        for name in names {
            if let Err(place) = self.place(name) {
                self.0.insert(place, (name.as_str().into(), Arc::clone(&family)));
            }
        }
        Ok(())
    }
}

/// Checks whether new families can be added to ours, whose names are reserved, and to others.
///
/// Two families with the same name and type are left to `prometheus`, which requires different constant labels.
pub(crate) fn check(
    new: &[NamedFamily],
    ours: &[NamedFamily],
    mut taken: Taken,
    others: &[NamedFamily],
) -> Result<(), Clash> {
    for NamedFamily { name, kind } in others {
        // Clashes among these families are not caused by the new ones.
        let _ = taken.take(name, &own_names(name, kind.unwrap_or_default()));
    }
    let known = others.iter().chain(ours);
    let mut known: HashMap<_, _> = known.map(|other| (other.name.as_str(), other.kind)).collect();
    for NamedFamily { name, kind } in new {
        match (kind, known.get(name.as_str())) {
            (Some(kind), Some(Some(other))) if kind != other => {
                return Err(Clash::Type { name: name.clone(), kind, other });
            }
            (_, Some(_)) => {}
            (kind, None) => {
                taken.take(name, &own_names(name, kind.unwrap_or_default()))?;
                known.insert(name, *kind);
            }
        }
    }
    Ok(())
}

/// Returns the names of families that may clash with a family of this name, depending on their types.
pub(crate) fn related(name: &str) -> impl Iterator<Item = String> {
    let longer = SUFFIXES.iter().map(move |suffix| format!("{name}{suffix}"));
    let shorter = SUFFIXES.iter().filter_map(move |suffix| name.strip_suffix(suffix));
    longer.chain(shorter.map(str::to_owned))
}

/// Returns whether every version of Prometheus accepts this name for a family.
pub(crate) fn is_metric_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':');
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_type() {
        let all = |name: &'static str, kind: &'static str| {
            let mut all = all_names(name, kind);
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
