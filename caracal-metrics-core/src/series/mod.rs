//! From label values to cells: one [`FamilyStore`] for each family.

mod buckets;
mod chunk;
mod created;
mod exemplars;
mod interner;
mod key;
mod output;
mod owned;
mod recent;
mod record;
mod records;
mod rows;
mod store;
mod tally;

pub(crate) use exemplars::Kept;
pub(crate) use key::{Key, Labels, with_open};
pub(crate) use rows::{Encoding, Row, Rows};
pub(crate) use store::{FamilyStore, Full, OwnedSeries, Settings};
pub(crate) use tally::Tally;
