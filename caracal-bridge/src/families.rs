//! The families of this adapter. The families of the libraries are declared at run time.

use caracal_metrics_core::{Counter, Family, FamilySpec, labels};

labels! {
    /// Why updates are refused.
    pub enum Reason {
        /// The name is not valid, or clashes with the name of another family.
        Name => "name",
        /// The labels are not valid for a series.
        Labels => "labels",
        /// The recorder has reached its maximum number of metrics.
        Limit => "limit",
    }

    /// The labels of refused updates.
    pub struct Refused<'a> {
        /// The name in the facade.
        pub metric: &'a str,
        /// Why they are refused.
        pub reason: Reason,
    }
}

/// `facade_refused_records_total`.
pub static FACADE_REFUSED_RECORDS: Family<Counter, Refused<'_>> = Family::counter(
    "facade_refused_records_total",
    "Total number of updates that the recorder of the `metrics` facade refused",
)
.namespaced()
.shown_once_used();

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 1] = [FACADE_REFUSED_RECORDS.spec()];

/// The families of the catalogue that this crate feeds. There are none.
pub static FED_FAMILIES: [&FamilySpec; 0] = [];
