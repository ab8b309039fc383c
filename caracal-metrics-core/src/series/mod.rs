//! From label values to cells: one [`FamilyStore`] for each family of the catalogue.

mod chunk;
mod created;
pub(crate) mod cut;
mod interner;
mod key;
mod limits;
mod recent;
mod records;
mod rows;
mod store;

pub(crate) use key::{Key, Labels, MAX_OPEN, NO_LABELS};
pub(crate) use limits::Limits;
pub(crate) use rows::{Row, Rows};
pub(crate) use store::{FamilyStore, OwnedSeries, nanos};
