//! All families, as many as a person can look at.

use std::cmp::Reverse;

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::FamilySnapshot;

use super::family::{Detail, write_family};
use super::json::Json;
use super::overview::header;
use super::query::value;

/// How many families are listed: several screens.
const LISTED: usize = 200;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FamiliesQuery {
    /// The words that the name, the help text or the names of the labels have to contain, in whatever case.
    words: Vec<String>,
    /// How many families come before the first one that is listed.
    first: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Order {
    Name,
    /// Most series first.
    Series,
    Type,
}

impl FamiliesQuery {
    /// Of a query such as `search=http+size&first=400&sort=series`.
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

/// The document: a part of those that match.
pub(super) fn families(snapshot: &Snapshot, query: &FamiliesQuery, instance: &str) -> Vec<u8> {
    let mut families: Vec<_> =
        snapshot.families().iter().filter(|family| query.matches(family)).collect();
    // They come by name.
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

/// The document of one family, with all that the overview would have of it, or of none.
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
