//! Lists how many series each family has, and which labels cause them.

use std::cmp::Reverse;

use caracal_metrics_core::FamilyCardinality;

use super::json::Json;
use super::overview::header;

/// The number of families in the document. They are those with the most series.
const FAMILIES: usize = 200;

/// Returns the document.
pub(super) fn cardinality(families: &[FamilyCardinality], instance: &str) -> Vec<u8> {
    let mut families: Vec<_> = families.iter().collect();
    families.sort_by_key(|family| Reverse(family.series));
    let mut json = Json::default();
    json.object(|json| {
        header(json, instance);
        json.key("families").array(|json| {
            for family in families.into_iter().take(FAMILIES) {
                json.object(|json| write_family(family, json));
            }
        });
    });
    json.into_bytes()
}

fn write_family(family: &FamilyCardinality, json: &mut Json) {
    json.key("name").string(&family.metric);
    json.key("series").integer(family.series as u64);
    json.key("counted").integer(family.counted as u64);
    if let Some(limit) = family.limit {
        json.key("limit").integer(limit as u64);
    }
    json.key("merged").integer(family.merged);
    json.key("last").array(|json| {
        for labels in &family.last_merged {
            json.object(|json| {
                for (name, value) in labels {
                    json.key(name).string(value);
                }
            });
        }
    });
    json.key("labels").array(|json| {
        for label in &family.labels {
            json.object(|json| {
                json.key("label").string(&label.label);
                json.key("values").integer(label.values as u64);
                json.key("top").array(|json| {
                    for value in &label.top {
                        json.array(|json| {
                            json.string(&value.value);
                            json.integer(value.series as u64);
                        });
                    }
                });
            });
        }
    });
}
