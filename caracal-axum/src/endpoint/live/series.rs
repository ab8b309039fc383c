//! The series of one family, as many as a person can look at.

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::{FamilySnapshot, SeriesSnapshot};

use super::family::write_series;
use super::json::Json;
use super::largest::from_largest;
use super::overview::header;
use super::query::value;

/// How many series are listed: several screens.
const LISTED: usize = 200;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeriesQuery {
    pub(super) family: String,
    /// What a label's value has to contain, in whatever case; nothing for all series.
    search: String,
    /// How many series come before the first one that is listed.
    first: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Order {
    /// The largest values first.
    Value,
    /// By the values of the labels, as on the page of metrics.
    Labels,
}

impl SeriesQuery {
    /// Of a query such as `family=http_requests_total&search=get&first=400&sort=labels`.
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

/// The document: a part of those that match.
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
