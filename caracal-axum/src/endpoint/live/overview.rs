//! The document with the families that the browser follows from the start.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use caracal_metrics_core::Snapshot;
use caracal_metrics_core::snapshot::FamilySnapshot;

use super::family::{Detail, write_family};
use super::json::Json;
use super::roles::roles;

/// Families without a role are added until the document has this many bytes.
const BYTES: usize = 256 << 10;
/// Families that were not in the previous document are only added up to this number of bytes. Otherwise, a
/// family would appear and disappear when its numbers get longer or shorter.
const BYTES_OF_NEW: usize = BYTES / 8 * 7;

/// The names of the families without a role in the previous document.
pub(super) type Followed = HashSet<String>;

/// Returns the document: the families that have panels in the overview, and as many others as fit. `instance`
/// distinguishes this process from the one before a restart.
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

/// Writes the time of the reading, in milliseconds since 1970, and the process.
pub(super) fn header(json: &mut Json, instance: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json.key("time").integer(now.as_millis() as u64);
    json.key("instance").string(instance);
}
