//! Putting a breaker under observation.

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

/// A breaker made by [`BreakerObserver::build`], for the type of a field.
pub type BuiltBreaker<P, I = ()> = ObservedBreaker<ObservedPolicy<P>, ObservedInstrument<I>>;

/// Puts a circuit breaker under observation, by the name that it has in the metrics.
#[derive(Clone, Debug)]
#[must_use = "nothing is observed until `build` or `wrap`"]
pub struct BreakerObserver {
    name: String,
    times_calls: bool,
}

impl BreakerObserver {
    /// An observer for the breaker of this name, the label `name` of its series.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), times_calls: false }
    }

    /// Times calls as well, in `caracal_circuit_breaker_call_duration_seconds`: from the start of the
    /// call (the first poll of a future) to its end, by `outcome`: `success`, `failure`, `cancelled`
    /// or `panicked`. Rejected calls are not in it, and neither are calls that you make by hand
    /// between `is_call_permitted` and `on_success` or `on_error`.
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

    /// Makes a breaker that reports each transition. The policy and the instrument are the user's
    /// own and do their work as in a bare breaker; without an instrument, pass `()`.
    ///
    /// The state (closed) and every counter stand in the output from now on.
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
    /// Returns an error if the name is empty or another breaker has it, or a family is full. No breaker is
    /// made then.
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

    /// Observes a breaker around a machine that the closure makes with this tracker in it.
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

    /// Observes a breaker that exists already, made without our listeners: calls through the
    /// wrapper are counted, and the state is read at scrape. Its transitions can't be counted, so
    /// `caracal_circuit_breaker_state_changes_total` has no series of this breaker.
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
    /// Returns an error if the name is empty or another breaker has it, or a family is full.
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
            // A look takes failsafe's lock, under which the user's policy is called.
            Source::Looked { .. } => {
                // Weak, or the metrics would keep the breaker.
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

/// What every breaker has, however it is observed.
struct Series {
    builder: InstanceBuilder,
    state: SampledGauge,
    calls: Calls,
}
