//! Why no events arrive.

use std::error::Error;
use std::fmt;

use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::TARGET;

/// The reason why the events of sqlx do not reach the layer of [`QueryEvents`](crate::QueryEvents).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HiddenQueryEvents {
    /// The current subscriber does not have the layer, or hides even errors from it.
    NoLayer,
    /// A filter for the whole subscriber hides events of this level.
    ByFilter {
        /// The level that was asked for.
        level: Level,
    },
    /// A feature of `tracing` removes events of this level when the program is compiled.
    AtCompileTime {
        /// The level that was asked for.
        level: Level,
        /// The most verbose level that is left.
        most: LevelFilter,
    },
}

impl fmt::Display for HiddenQueryEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayer => write!(
                f,
                "the current tracing subscriber does not have the layer of these query events, or it hides \
                 the target {TARGET} from the layer: add `.with(query_events.layer())` to the subscriber, \
                 install it, and then call `check`"
            ),
            Self::ByFilter { level } => write!(
                f,
                "a filter for the whole tracing subscriber hides the events of sqlx at level {level} from \
                 the layer of query events: move the filter to the other layers with `with_filter`, or add \
                 {TARGET}=trace to it"
            ),
            Self::AtCompileTime { level, most } => write!(
                f,
                "a feature of tracing (max_level_… or release_max_level_…) removes events above level \
                 {most} at compile time, and sqlx emits its events at {level}: remove the feature, or set \
                 another level with `log_statements`"
            ),
        }
    }
}

impl Error for HiddenQueryEvents {}
