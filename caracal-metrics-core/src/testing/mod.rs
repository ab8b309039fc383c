//! Tools for tests: changes between snapshots, golden pages, a linter, and a registry and a clock for one test.
//!
//! This module needs the feature `testing`. Turn it on for your tests only:
//!
//! ```toml
//! [dev-dependencies]
//! caracal-metrics = { version = "0.1", features = ["testing"] }
//! ```
//!
//! See [Testing your metrics](https://docs.rs/caracal-metrics/latest/caracal_metrics/testing_metrics/)
//! for how the parts work together.

mod change;
mod distance;
mod expected;
mod isolation;
mod lint;
mod lookup;
mod moved;
mod page;
mod registered;
mod table;

pub use crate::clock::{Clock, ProcessClock};
pub use change::{Change, HistogramChange};
pub use expected::{Expectations, Expected, Observations, observations};
pub use isolation::{inherit, inherit_async, with_registry, with_registry_async};
pub use lint::{Problem, Rule, lint, lint_snapshot};
pub use moved::{Moved, MovedSeries};
pub use page::{assert_page_of, check_page, masked_page};
pub(crate) use registered::Registered;

#[doc(inline)]
pub use crate::__assert_moved as assert_moved;
#[doc(inline)]
pub use crate::__assert_page as assert_page;
