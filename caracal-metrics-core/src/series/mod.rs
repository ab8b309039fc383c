//! From label values to cells: one [`FamilyStore`] for each family of the catalogue.

mod changes;
mod chunk;
mod created;
pub(crate) mod cut;
mod interner;
mod key;
mod limits;
#[cfg(all(test, caracal_loom))]
mod models;
mod recent;
mod records;
mod rows;
#[cfg(all(test, not(caracal_loom)))]
pub(crate) mod seam;
mod store;
#[cfg(all(test, not(caracal_loom)))]
mod tests;

pub(crate) use key::{Key, Labels, MAX_OPEN, NO_LABELS};
pub(crate) use limits::Limits;
pub(crate) use rows::{Row, Rows};
pub(crate) use store::{FamilyStore, OwnedSeries, nanos};
