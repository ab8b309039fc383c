//! The series of one family, as many as a person can look at.

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::FamilySnapshot;

use super::json::Json;
use super::overview::{header, largest_first, write_series};

/// How many series are listed.
const LISTED: usize = 500;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeriesQuery {
    pub(super) family: String,
    /// What a label's value has to contain, in whatever case; nothing for all series.
    pub(super) search: String,
}

impl SeriesQuery {
    /// Of a query such as `family=http_requests_total&search=get`.
    pub(super) fn parse(query: &str) -> Self {
        let value = |name| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let search = value("search").unwrap_or_default().to_lowercase();
        Self { family: value("family").unwrap_or_default(), search }
    }
}

/// The document: those that match with the largest values.
pub(super) fn series(snapshot: &Snapshot, query: &SeriesQuery, instance: &str) -> Vec<u8> {
    let family = snapshot.family(&query.family);
    let mut series: Vec<_> = family.into_iter().flat_map(FamilySnapshot::series).collect();
    if !query.search.is_empty() {
        series.retain(|series| {
            series.labels().any(|(_, value)| value.to_lowercase().contains(&query.search))
        });
    }
    let matched = series.len() as u64;
    largest_first(&mut series, LISTED);
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("family").string(&query.family);
        json.key("matched").integer(matched);
        json.key("series").array(|json| {
            for series in &series {
                write_series(*series, false, json);
            }
        });
    });
    json.into_bytes()
}
