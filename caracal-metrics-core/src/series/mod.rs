//! From label values to cells: one [`FamilyStore`] for each family of the catalogue.

mod chunk;
mod created;
mod interner;
mod key;
mod recent;
mod records;
mod rows;
mod store;

pub(crate) use key::{Key, Labels, MAX_OPEN, NO_LABELS};
pub(crate) use rows::{Row, Rows};
pub(crate) use store::{FamilyStore, OwnedSeries, nanos};
