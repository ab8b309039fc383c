//! The list of the series of one family, in parts of a few screens.

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::{FamilySnapshot, SeriesSnapshot};

use super::family::write_series;
use super::json::Json;
use super::largest::from_largest;
use super::overview::header;
use super::query::value;

/// The maximum number of series in a part. This is several screens.
const LISTED: usize = 200;

/// The parameters of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeriesQuery {
    pub(super) family: String,
    /// A text in lower case that the value of a label must contain, in upper or lower case. Empty for all
    /// series.
    search: String,
    /// The number of series before the first one in this part.
    first: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Order {
    /// By descending value.
    Value,
    /// By the values of the labels, as on `/metrics`.
    Labels,
}

impl SeriesQuery {
    /// Parses a query such as `family=http_requests_total&search=get&first=400&sort=labels`.
    pub(super) fn parse(query: &str) -> Self {
        let value = |name| value(query, name);
        Self {
            family: value("family").unwrap_or_default(),
            search: value("search").unwrap_or_default().to_lowercase(),
            first: value("first").and_then(|first| first.parse().ok()).unwrap_or(0),
            order: if value("sort").as_deref() == Some("labels") {
                Order::Labels
            } else {
                Order::Value
            },
        }
    }

    fn matches(&self, series: &SeriesSnapshot<'_>) -> bool {
        self.search.is_empty()
            || series.labels().any(|(_, value)| value.to_lowercase().contains(&self.search))
    }
}

/// Returns the document: a part of the matching series.
pub(super) fn series(snapshot: &Snapshot, query: &SeriesQuery, instance: &str) -> Vec<u8> {
    let family = snapshot.family(&query.family);
    let all = family.into_iter().flat_map(FamilySnapshot::series);
    let mut series: Vec<_> = all.filter(|series| query.matches(series)).collect();
    let matched = series.len();
    match query.order {
        Order::Value => from_largest(&mut series, query.first, LISTED),
        Order::Labels => {
            series.drain(..query.first.min(matched));
            series.truncate(LISTED);
        }
    }
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("family").string(&query.family);
        json.key("matched").integer(matched as u64);
        json.key("first").integer(query.first.min(matched) as u64);
        json.key("series").array(|json| {
            for series in &series {
                write_series(*series, false, json);
            }
        });
    });
    json.into_bytes()
}
