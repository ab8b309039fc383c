//! The three instruments of the facade, and the kinds of families to which they correspond.

use std::sync::Arc;

use caracal_metrics_core::adapter::RuntimeFamily;
use caracal_metrics_core::{Counter, FloatGauge, Histogram, Kind};

use crate::handles::{Recording, SetAside};
use crate::recent::Handle;
use crate::shared::{Metrics, Shared};

/// A kind of family that corresponds to an instrument of the facade.
pub(crate) trait Instrument: Kind + Sized {
    /// The handle of the facade.
    type Handle: Clone;

    /// The name of the instrument in error messages.
    const NOUN: &str;
    const IS_COUNTER: bool = false;

    /// Declares the family that has this name on the page.
    fn declare(shared: &Shared, metric: &str, exposed: &str, help: String) -> RuntimeFamily<Self>;

    /// The metrics of this kind.
    fn metrics(shared: &Shared) -> &Metrics<Self>;

    fn recording(self) -> Self::Handle;

    fn set_aside(records: SetAside) -> Self::Handle;

    fn keep(handle: &Self::Handle) -> Handle;

    fn kept(handle: &Handle) -> Option<&Self::Handle>;
}

macro_rules! instrument {
    ($instrument:ident, $shared:ident) => {
        type Handle = metrics::$instrument;

        fn metrics(shared: &Shared) -> &Metrics<Self> {
            &shared.$shared
        }

        fn recording(self) -> Self::Handle {
            metrics::$instrument::from_arc(Arc::new(Recording(self)))
        }

        fn set_aside(records: SetAside) -> Self::Handle {
            metrics::$instrument::from_arc(Arc::new(records))
        }

        fn keep(handle: &Self::Handle) -> Handle {
            Handle::$instrument(handle.clone())
        }

        fn kept(handle: &Handle) -> Option<&Self::Handle> {
            match handle {
                Handle::$instrument(handle) => Some(handle),
                _ => None,
            }
        }
    };
}

impl Instrument for Counter {
    instrument!(Counter, counters);

    const NOUN: &str = "counter";
    const IS_COUNTER: bool = true;

    fn declare(_: &Shared, _: &str, exposed: &str, help: String) -> RuntimeFamily<Self> {
        RuntimeFamily::<Self>::counter(exposed, help)
    }
}

impl Instrument for FloatGauge {
    instrument!(Gauge, gauges);

    const NOUN: &str = "gauge";

    fn declare(_: &Shared, _: &str, exposed: &str, help: String) -> RuntimeFamily<Self> {
        RuntimeFamily::<Self>::float_gauge(exposed, help)
    }
}

impl Instrument for Histogram {
    instrument!(Histogram, histograms);

    const NOUN: &str = "histogram";

    fn declare(shared: &Shared, metric: &str, exposed: &str, help: String) -> RuntimeFamily<Self> {
        let buckets = shared.buckets.of(metric, exposed);
        RuntimeFamily::<Self>::histogram(exposed, help).buckets(&buckets)
    }
}
