//! The filter of the layer, and the probes that check whether events reach it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tracing::callsite::{Callsite, Identifier};
use tracing::field::FieldSet;
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::TARGET;

/// Which probes of a check reached the filter.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The one at the level that was asked for.
    pub(super) probe: AtomicBool,
    /// Any of them.
    pub(super) any: AtomicBool,
}

/// Enables the events of sqlx for one layer. It does not affect other layers.
pub(super) struct OnlyQueries {
    reached: Arc<Reached>,
}

impl OnlyQueries {
    pub(super) fn new(reached: Arc<Reached>) -> Self {
        Self { reached }
    }
}

impl<S> Filter<S> for OnlyQueries {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        if metadata.callsite() == Identifier(&PROBE) {
            self.reached.any.store(true, Relaxed);
            if *metadata.level() != Level::ERROR {
                self.reached.probe.store(true, Relaxed);
            }
        }
        metadata.target() == TARGET
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == TARGET { Interest::always() } else { Interest::never() }
    }
}

struct Probe;

static PROBE: Probe = Probe;

impl Callsite for Probe {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        probe(Level::ERROR)
    }
}

macro_rules! probes {
    ($($level:ident)*) => {
        /// Looks to filters like an event of sqlx at this level.
        pub(super) fn probe(level: Level) -> &'static Metadata<'static> {
            match level {
                $( Level::$level => {
                    static METADATA: Metadata<'static> = Metadata::new(
                        "query events",
                        TARGET,
                        Level::$level,
                        None,
                        None,
                        None,
                        FieldSet::new(&[], Identifier(&PROBE)),
                        Kind::HINT,
                    );
                    &METADATA
                } )*
            }
        }
    };
}

probes! { ERROR WARN INFO DEBUG TRACE }
