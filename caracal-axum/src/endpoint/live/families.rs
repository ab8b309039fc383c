//! The list of all families, in parts of a few screens.

use std::cmp::Reverse;

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::FamilySnapshot;

use super::family::{Detail, write_family};
use super::json::Json;
use super::overview::header;
use super::query::value;

/// The maximum number of families in a part. This is several screens.
const LISTED: usize = 200;

/// The parameters of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FamiliesQuery {
    /// Words in lower case. Each must occur in the name, the help text or the names of the labels, in upper
    /// or lower case.
    words: Vec<String>,
    /// The number of families before the first one in this part.
    first: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Order {
    Name,
    /// Families with the most series first.
    Series,
    Type,
}

impl FamiliesQuery {
    /// Parses a query such as `search=http+size&first=400&sort=series`.
    pub(super) fn parse(query: &str) -> Self {
        let search = value(query, "search").unwrap_or_default().to_lowercase();
        Self {
            words: search.split_whitespace().map(str::to_owned).collect(),
            first: value(query, "first").and_then(|first| first.parse().ok()).unwrap_or(0),
            order: match value(query, "sort").as_deref() {
                Some("series") => Order::Series,
                Some("type") => Order::Type,
                _ => Order::Name,
            },
        }
    }

    fn matches(&self, family: &FamilySnapshot) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let first = family.series().next();
        let labels = first.iter().flat_map(|series| series.labels().map(|(name, _)| name));
        let labels: Vec<_> = labels.collect();
        let text = format!("{} {} {}", family.name(), family.help(), labels.join(" "));
        let text = text.to_lowercase();
        self.words.iter().all(|word| text.contains(word))
    }
}

/// Returns the document: a part of the matching families.
pub(super) fn families(snapshot: &Snapshot, query: &FamiliesQuery, instance: &str) -> Vec<u8> {
    let mut families: Vec<_> =
        snapshot.families().iter().filter(|family| query.matches(family)).collect();
    // They are already sorted by name.
    match query.order {
        Order::Name => {}
        Order::Series => families.sort_by_key(|family| Reverse(family.series().len())),
        Order::Type => families.sort_by_key(|family| family.kind().as_str()),
    }
    let first = query.first.min(families.len());
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("matched").integer(families.len() as u64);
        json.key("first").integer(first as u64);
        json.key("families").array(|json| {
            for family in families.iter().skip(first).take(LISTED) {
                write_family(family, Detail::Totals, json);
            }
        });
    });
    json.into_bytes()
}

/// Returns the document of one family, with the same data as in the overview. If there is no such family, the
/// document contains none.
pub(super) fn one_family(snapshot: &Snapshot, name: &str, instance: &str) -> Vec<u8> {
    let family = snapshot.family(name);
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("family").string(name);
        json.key("matched").integer(u64::from(family.is_some()));
        json.key("families").array(|json| {
            if let Some(family) = family {
                write_family(family, Detail::Whole, json);
            }
        });
    });
    json.into_bytes()
}
