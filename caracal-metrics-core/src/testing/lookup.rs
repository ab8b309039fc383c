//! Finds the series that a test asks for.

use std::fmt;

use super::distance::nearest;
use crate::AGGREGATED;
use crate::family_spec::FamilySpec;
use crate::labels::{LabelSet, MAX_LABELS, label_texts};
use crate::series::cut::Value;
use crate::snapshot::{FamilySnapshot, SeriesSnapshot, Snapshot};

/// A series, as a test describes it.
#[derive(Clone, Debug)]
pub(super) enum Query {
    /// By the constant of its family, and the values of its labels in the order of their declaration.
    Typed { spec: Box<FamilySpec>, values: Vec<String> },
    /// By names.
    Named { name: String, labels: Vec<(String, String)> },
}

impl Query {
    pub(super) fn typed<S: LabelSet>(spec: &FamilySpec, labels: &S) -> Self {
        let open = labels.open::<MAX_LABELS>();
        let values = label_texts(S::SPECS, labels.closed(), open);
        Self::Typed {
            spec: Box::new(*spec),
            values: values.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn named<N: AsRef<str>, V: AsRef<str>>(name: &str, labels: &[(N, V)]) -> Self {
        let owned = |(name, value): &(N, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        Self::Named { name: name.to_owned(), labels: labels.iter().map(owned).collect() }
    }
}

/// A series, by its name and labels on the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SeriesName {
    pub(super) family: String,
    pub(super) labels: Vec<(String, String)>,
}

impl SeriesName {
    pub(super) fn of(family: &str, series: &SeriesSnapshot<'_>) -> Self {
        let labels = series.labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { family: family.to_owned(), labels: labels.collect() }
    }
}

impl fmt::Display for SeriesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.family)?;
        for (place, (name, value)) in self.labels.iter().enumerate() {
            write!(f, "{}{name}={value:?}", if place == 0 { "{" } else { "," })?;
        }
        if self.labels.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

/// A question that no series can match.
#[derive(Clone, Debug)]
pub(super) enum Mistake {
    NoFamily { name: String, nearest: Vec<String> },
    Labels { name: String, given: Vec<String>, declared: Vec<String> },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFamily { name, nearest } => {
                write!(f, "no family is registered under the name {name:?}")?;
                match nearest.as_slice() {
                    [] => f.write_str(
                        ": register it, or attach the thing that it belongs to, before the first snapshot",
                    ),
                    names => write!(f, ": did you mean {}?", names.join(", ")),
                }
            }
            Self::Labels { name, given, declared } => write!(
                f,
                "{name} has the labels [{}], but [{}] were given",
                declared.join(", "),
                given.join(", ")
            ),
        }
    }
}

/// The properties of the series that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: SeriesName,
    /// Labels that it must not have.
    absent: Vec<String>,
    /// It has no other labels. Series of our families have constant labels as well.
    is_exact: bool,
}

impl Wanted {
    pub(super) fn is(&self, labels: &[(String, String)]) -> bool {
        let value = |name: &str| labels.iter().find(|(other, _)| other == name).map(|(_, v)| v);
        let wanted = &self.name.labels;
        // An empty label is the same as a missing one.
        wanted.iter().all(|(name, wanted)| value(name).map_or("", |value| value) == wanted)
            && self.absent.iter().all(|name| value(name).is_none_or(String::is_empty))
            && (!self.is_exact || labels.len() == wanted.len())
    }
}

/// Resolves a query against these snapshots of one registry.
pub(super) fn resolve(query: &Query, snapshots: [&Snapshot; 2]) -> Result<Wanted, Mistake> {
    let [before, after] = snapshots;
    let registered = &after.registered;
    let name = match query {
        Query::Typed { spec, .. } => spec.exposed_name(&after.namespace),
        Query::Named { name, .. } => name.clone(),
    };
    let Some(declared) = registered.labels(&name) else {
        return foreign(query, name, snapshots);
    };
    let declared_names = || declared.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
    let labels = match query {
        Query::Typed { values, .. } => {
            if values.len() != declared.len() {
                let given = vec![format!("{} values", values.len())];
                return Err(Mistake::Labels { name, given, declared: declared_names() });
            }
            let pairs = declared.iter().map(|label| label.name.clone()).zip(values.iter().cloned());
            pairs.collect::<Vec<_>>()
        }
        Query::Named { labels, .. } => {
            let is_given = |wanted: &str| labels.iter().any(|(name, _)| name == wanted);
            let is_missing = declared.iter().any(|l| !l.is_optional && !is_given(&l.name));
            let is_declared = |given: &str| declared.iter().any(|label| label.name == given);
            let others = labels.iter().map(|(name, _)| name).filter(|name| !is_declared(name));
            let others: Vec<_> = others.collect();
            // Constant labels can be given as well.
            let series = [after, before].into_iter().filter_map(|s| s.family(&name));
            let mut series = series.flat_map(FamilySnapshot::series);
            let are_constant = others.is_empty()
                || series.next().is_some_and(|s| others.iter().all(|name| s.label(name).is_some()));
            if is_missing || !are_constant {
                let given = labels.iter().map(|(name, _)| name.clone()).collect();
                return Err(Mistake::Labels { name, given, declared: declared_names() });
            }
            let absent = declared.iter().filter(|label| !is_given(&label.name));
            let absent = absent.map(|label| (label.name.clone(), String::new()));
            labels.iter().cloned().chain(absent).collect()
        }
    };
    let labels = labels.into_iter().map(|(label, value)| {
        let known = declared.iter().find(|known| known.name == label);
        let value = match known {
            Some(label) if label.is_aggregated => AGGREGATED.to_owned(),
            Some(_) => Value::within(&value, registered.value_bytes)[..].to_owned(),
            None => value,
        };
        (label, value)
    });
    let is_optional = |label: &str| declared.iter().any(|l| l.name == label && l.is_optional);
    let (absent, labels): (Vec<_>, Vec<_>) =
        labels.partition(|(label, value)| value.is_empty() && is_optional(label));
    let absent = absent.into_iter().map(|(label, _)| label).collect();
    Ok(Wanted { name: SeriesName { family: name, labels }, absent, is_exact: false })
}

/// Resolves a series of a foreign family, which does not declare its labels.
fn foreign(query: &Query, name: String, snapshots: [&Snapshot; 2]) -> Result<Wanted, Mistake> {
    let mut found = snapshots.into_iter().filter_map(|snapshot| snapshot.family(&name)).peekable();
    let labels = match query {
        Query::Named { labels, .. } if found.peek().is_some() => labels,
        _ => {
            let families = snapshots.into_iter().flat_map(Snapshot::families);
            let registered = snapshots.into_iter().flat_map(|s| &s.registered.families);
            let known = registered.map(|(name, _)| name.as_str());
            let known = known.chain(families.map(FamilySnapshot::name));
            let nearest = nearest(&name, known).into_iter().map(str::to_owned).collect();
            return Err(Mistake::NoFamily { name, nearest });
        }
    };
    let mut given: Vec<_> = labels.iter().map(|(name, _)| name.clone()).collect();
    given.sort_unstable();
    let mut declared = Vec::new();
    for series in found.flat_map(FamilySnapshot::series) {
        declared = series.labels().map(|(name, _)| name.to_owned()).collect();
        declared.sort_unstable();
        if declared == given {
            let name = SeriesName { family: name, labels: labels.clone() };
            return Ok(Wanted { name, absent: Vec::new(), is_exact: true });
        }
    }
    Err(Mistake::Labels { name, given, declared })
}
