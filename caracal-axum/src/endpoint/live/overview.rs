//! The families that a viewer follows from the first second on.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::FamilySnapshot;

use super::family::{Detail, write_family};
use super::json::Json;
use super::roles::roles;

/// The families without a role are in the document as long as it has at most so many bytes.
const BYTES: usize = 256 << 10;
/// A family that was not in the last document is taken in as long as there are at most so many, so that one
/// whose numbers get another digit does not come and go.
const BYTES_OF_NEW: usize = BYTES / 8 * 7;

/// The families of the last document that have no role.
pub(super) type Followed = HashSet<String>;

/// The document: the families that the overview has panels for, and as many others as there is room for.
/// `instance` tells one life of the process from the next.
pub(super) fn overview(snapshot: &Snapshot, instance: &str, followed: &mut Followed) -> Vec<u8> {
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("namespace").string(snapshot.namespace());
        json.key("all").integer(snapshot.families().len() as u64);
        let series = snapshot.families().iter().map(|family| family.series().len());
        json.key("allSeries").integer(series.sum::<usize>() as u64);
        json.key("families").array(|json| write_families(snapshot, followed, json));
    });
    json.into_bytes()
}

fn write_families(snapshot: &Snapshot, followed: &mut Followed, json: &mut Json) {
    let roles = roles(snapshot.namespace());
    let (with_role, others): (Vec<_>, Vec<_>) =
        snapshot.families().iter().partition(|family| roles.contains(family.name()));
    for family in with_role {
        write_family(family, Detail::Whole, json);
    }
    let (known, new): (Vec<&FamilySnapshot>, Vec<_>) =
        others.into_iter().partition(|family| followed.contains(family.name()));
    followed.clear();
    for (families, most) in [(known, BYTES), (new, BYTES_OF_NEW)] {
        for family in families {
            if !json.fits(most, |json| write_family(family, Detail::Whole, json)) {
                break;
            }
            followed.insert(family.name().to_owned());
        }
    }
}

/// When it was, in milliseconds since 1970, and in which process.
pub(super) fn header(json: &mut Json, instance: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json.key("time").integer(now.as_millis() as u64);
    json.key("instance").string(instance);
}
