//! The observer of a circuit breaker.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};

use caracal_metrics_core::adapter::{InstanceBuilder, InstanceKind, Sampled, SampledGauge};
use caracal_metrics_core::catalogue::{BreakerName, CIRCUIT_BREAKER_STATE};
use caracal_metrics_core::{AttachError, MetricsRegistry};
use failsafe::{FailurePolicy, Instrument, StateMachine};

use crate::breaker::ObservedBreaker;
use crate::calls::Calls;
use crate::listeners::{ObservedInstrument, ObservedPolicy};
use crate::observation::Observation;
use crate::tracker::{Observed, Tracker};
use crate::transitions::Transitions;
use crate::watched::{Source, Watched};

/// The kind of thing that a [`BreakerObserver`] attaches.
pub const CIRCUIT_BREAKER: InstanceKind = InstanceKind::new("circuit breaker");

/// The type of a breaker that [`BreakerObserver::build`] returns. Use it to declare a field.
pub type BuiltBreaker<P, I = ()> = ObservedBreaker<ObservedPolicy<P>, ObservedInstrument<I>>;

/// Observes a circuit breaker under a name.
#[derive(Clone, Debug)]
#[must_use = "nothing is observed until `build` or `wrap`"]
pub struct BreakerObserver {
    name: String,
    times_calls: bool,
}

impl BreakerObserver {
    /// Creates an observer for a breaker. The name becomes the label `name` of its series.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), times_calls: false }
    }

    /// Also measures the duration of calls, in `caracal_circuit_breaker_call_duration_seconds`.
    ///
    /// The duration is measured from the start of the call (the first poll of a future) to its end. The label
    /// `outcome` is `success`, `failure`, `cancelled` or `panicked`. The histogram contains neither rejected
    /// calls nor calls that you make by hand with `is_call_permitted` and `on_success` or `on_error`.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_breaker as breaker; }
    /// use caracal_metrics::breaker::BreakerObserver;
    /// use caracal_metrics::MetricsRegistry;
    /// use failsafe::{CircuitBreaker, Config};
    ///
    /// let metrics = MetricsRegistry::new();
    /// let observer = BreakerObserver::new("mcp").call_durations();
    /// let breaker = observer.wrap(Config::new().build(), &metrics)?;
    ///
    /// breaker.call(|| Ok::<_, ()>(())).unwrap();
    /// let calls = |outcome| metrics.sample(
    ///     "caracal_circuit_breaker_call_duration_seconds_count",
    ///     &[("name", "mcp"), ("outcome", outcome)],
    /// );
    /// assert_eq!((calls("success"), calls("failure")), (Some(1.0), Some(0.0)));
    /// # Ok::<(), caracal_metrics::AttachError>(())
    /// ```
    pub fn call_durations(mut self) -> Self {
        self.times_calls = true;
        self
    }

    /// Builds a breaker that reports each transition.
    ///
    /// Your policy and your instrument work as in any failsafe breaker. If you have no instrument, pass `()`.
    /// The state (closed) and all counters are in the output from now on.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_breaker as breaker; }
    /// use std::time::Duration;
    /// use caracal_metrics::breaker::{BreakerObserver, BuiltBreaker};
    /// use caracal_metrics::MetricsRegistry;
    /// use failsafe::{CircuitBreaker, backoff, failure_policy};
    ///
    /// struct Gateway {
    ///     database: BuiltBreaker<failure_policy::ConsecutiveFailures<backoff::Constant>>,
    /// }
    ///
    /// let metrics = MetricsRegistry::new();
    /// let policy = failure_policy::consecutive_failures(1, backoff::constant(Duration::from_secs(30)));
    /// let gateway = Gateway { database: BreakerObserver::new("database").build(policy, (), &metrics)? };
    ///
    /// gateway.database.call(|| Err::<(), _>("refused")).unwrap_err();
    /// let opened = [("name", "database"), ("from_state", "closed"), ("to_state", "open")];
    /// assert_eq!(metrics.sample("caracal_circuit_breaker_state_changes_total", &opened), Some(1.0));
    /// assert_eq!(metrics.sample("caracal_circuit_breaker_state", &opened[..1]), Some(1.0));
    /// # Ok::<(), caracal_metrics::AttachError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty, if another breaker has it, or if a family has reached its limit.
    /// In this case no breaker is built.
    pub fn build<P, I>(
        self,
        policy: P,
        instrument: I,
        metrics: &MetricsRegistry,
    ) -> Result<BuiltBreaker<P, I>, AttachError>
    where
        P: FailurePolicy + Send + 'static,
        I: Instrument + Send + Sync + 'static,
    {
        self.assemble(metrics, |tracker| {
            let policy = ObservedPolicy::new(policy, Arc::clone(&tracker));
            StateMachine::new(policy, ObservedInstrument::new(instrument, tracker))
        })
    }

    /// Observes a breaker around the state machine that the closure builds with this tracker.
    pub(crate) fn assemble<P, I>(
        self,
        metrics: &MetricsRegistry,
        machine: impl FnOnce(Arc<Tracker>) -> StateMachine<P, I>,
    ) -> Result<ObservedBreaker<P, I>, AttachError>
    where
        P: Send + 'static,
        I: Send + Sync + 'static,
    {
        let mut series = self.attach(metrics)?;
        let transitions = Transitions::new(&mut series.builder, &self.name)?;
        let watched = Arc::new_cyclic(|this: &Weak<Watched<P, I>>| {
            let tracker = Arc::new(Tracker::new(Weak::clone(this) as Weak<dyn Observed>));
            Watched {
                machine: machine(Arc::clone(&tracker)),
                source: Source::Tracked { tracker, transitions },
            }
        });
        Ok(Self::observe(watched, series))
    }

    /// Observes an existing breaker, which was built without our listeners.
    ///
    /// Calls through the wrapper are counted, and each scrape reads the state. Transitions can't be counted, so
    /// `caracal_circuit_breaker_state_changes_total` has no series for this breaker.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_breaker as breaker; }
    /// use caracal_metrics::breaker::BreakerObserver;
    /// use caracal_metrics::MetricsRegistry;
    /// use failsafe::{CircuitBreaker, Config};
    ///
    /// let metrics = MetricsRegistry::new();
    /// let existing = Config::new().build();
    /// let breaker = BreakerObserver::new("mcp").wrap(existing, &metrics)?;
    ///
    /// breaker.call(|| Ok::<_, ()>(())).unwrap();
    /// let name = [("name", "mcp")];
    /// assert_eq!(metrics.sample("caracal_circuit_breaker_successes_total", &name), Some(1.0));
    /// assert_eq!(metrics.sample("caracal_circuit_breaker_state", &name), Some(0.0));
    /// # Ok::<(), caracal_metrics::AttachError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty, if another breaker has it, or if a family has reached its limit.
    pub fn wrap<P, I>(
        self,
        breaker: StateMachine<P, I>,
        metrics: &MetricsRegistry,
    ) -> Result<ObservedBreaker<P, I>, AttachError>
    where
        P: FailurePolicy + Send + 'static,
        I: Instrument + Send + Sync + 'static,
    {
        let series = self.attach(metrics)?;
        let watched = Arc::new(Watched {
            machine: breaker,
            source: Source::Looked { resets: AtomicUsize::new(0) },
        });
        Ok(Self::observe(watched, series))
    }

    fn observe<P, I>(watched: Arc<Watched<P, I>>, series: Series) -> ObservedBreaker<P, I>
    where
        P: Send + 'static,
        I: Send + Sync + 'static,
    {
        let instance = match &watched.source {
            Source::Tracked { tracker, .. } => {
                let tracker = Arc::clone(tracker);
                series.builder.on_scrape_inline(move |gauges| {
                    gauges.set(series.state, tracker.state().value());
                    Sampled::Live
                })
            }
            // Reading the state takes failsafe's lock. failsafe calls your policy under the same lock.
            Source::Looked { .. } => {
                // A weak reference, so that the metrics do not keep the breaker alive.
                let sampled = Arc::downgrade(&watched);
                series.builder.on_scrape(move |gauges| {
                    let Some(watched) = sampled.upgrade() else {
                        return Sampled::Gone;
                    };
                    gauges.set(series.state, watched.state().value());
                    Sampled::Live
                })
            }
        };
        ObservedBreaker::new(Observation {
            machine: watched.machine.clone(),
            watched,
            calls: series.calls,
            instance,
        })
    }

    fn attach(&self, metrics: &MetricsRegistry) -> Result<Series, AttachError> {
        let mut builder = metrics.attach(CIRCUIT_BREAKER, Some(&self.name))?;
        Ok(Series {
            state: builder
                .sampled_gauge(&CIRCUIT_BREAKER_STATE, BreakerName { name: &self.name })?,
            calls: Calls::new(&mut builder, &self.name, self.times_calls)?,
            builder,
        })
    }
}

/// The series that every observed breaker has.
struct Series {
    builder: InstanceBuilder,
    state: SampledGauge,
    calls: Calls,
}
