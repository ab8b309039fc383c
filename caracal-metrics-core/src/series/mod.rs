//! From label values to cells: one [`FamilyStore`] for each family of the catalogue.

mod changes;
mod chunk;
mod created;
mod interner;
mod key;
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
pub(crate) use rows::{Row, Rows};
pub(crate) use store::{FamilyStore, OwnedSeries, nanos};
