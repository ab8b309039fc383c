//! Maps label values to cells: one [`FamilyStore`] for each family.

mod block;
mod buckets;
mod cells;
mod changes;
mod chunk;
mod created;
mod cursor;
pub(crate) mod cut;
mod exemplars;
mod folds;
mod hiding;
#[cfg(all(test, feature = "testing", not(caracal_loom)))]
mod hiding_tests;
mod idle;
mod in_flight;
mod interner;
mod keeping;
mod key;
mod line_text;
#[cfg(all(test, caracal_loom))]
mod models;
mod native;
mod observing;
mod output;
mod owned;
#[cfg(feature = "protobuf")]
mod pair_text;
mod recent;
mod record;
mod records;
mod resolve;
mod rest;
mod rows;
#[cfg(all(test, not(caracal_loom)))]
pub(crate) mod seam;
mod series_labels;
mod sort_key;
mod store;
mod tally;
#[cfg(all(test, not(caracal_loom)))]
mod tests;
mod values;
mod watch;

pub(crate) use created::{NotesOf, Start, note_created};
#[cfg(feature = "protobuf")]
pub(crate) use created::{earliest, starts_of};
pub(crate) use cursor::Row;
pub(crate) use exemplars::{Exemplars, Kept, Observed};
pub(crate) use idle::watch as watch_idle;
pub(crate) use in_flight::InFlight;
pub(crate) use native::{
    MakeNative, NativeCounts, NativeSeries, WithNative, halved, native_buckets,
};
#[cfg(feature = "protobuf")]
pub(crate) use pair_text::Pair;
pub(crate) use resolve::Resolved;
pub(crate) use rows::Rows;
pub(crate) use series_labels::Labelled;
pub(crate) use sort_key::SEPARATOR;
pub(crate) use store::{FamilyStore, OwnedSeries, Settings};
pub(crate) use tally::Tally;
pub(crate) use values::{HistogramSum, Value, Values};
pub(crate) use watch::{AfterIdle, HideIdle, MakeWatch};
