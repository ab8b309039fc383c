//! The families of policy evaluations and of the policy cache.

use std::time::Duration;

use super::gateway;
use crate::clock::Stopwatch;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, DurationHistogram, Gauge};
use crate::preregistered::Preregistered;
use crate::registry::MetricsRegistry;

crate::labels! {
    /// The decision of a policy evaluation.
    #[non_exhaustive]
    pub enum PolicyDecisionType {
        /// The action is allowed.
        Allowed => "allowed",
        /// The action is denied.
        Denied => "denied",
        /// The evaluation itself failed.
        Error => "error",
    }

    /// The labels of a policy evaluation.
    pub struct PolicyEvaluation<'a> {
        /// The decision.
        pub decision: PolicyDecisionType,
        /// The agent that requested the action.
        pub agent_id: &'a str,
    }

    /// The labels of the duration of a policy evaluation.
    pub struct PolicyEvaluationTime {
        /// The decision.
        pub decision: PolicyDecisionType,
    }
}

/// `policy_evaluations_total`.
pub static POLICY_EVALUATIONS: Family<Counter, PolicyEvaluation<'_>> =
    Family::counter("policy_evaluations_total", "Total number of policy evaluations").namespaced();

/// `policy_evaluation_duration_seconds`.
pub static POLICY_EVALUATION_DURATION: Family<DurationHistogram, PolicyEvaluationTime> =
    Family::duration_histogram(
        "policy_evaluation_duration_seconds",
        "Policy evaluation duration in seconds",
    )
    .namespaced()
    .buckets(&[
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
    ]);

/// `policy_cache_hits_total`.
pub static POLICY_CACHE_HITS: Family<Counter> =
    Family::counter("policy_cache_hits_total", "Total number of policy cache hits").namespaced();

/// `policy_cache_misses_total`.
pub static POLICY_CACHE_MISSES: Family<Counter> =
    Family::counter("policy_cache_misses_total", "Total number of policy cache misses")
        .namespaced();

/// `policy_cache_size`.
pub static POLICY_CACHE_SIZE: Family<Gauge> =
    Family::gauge("policy_cache_size", "Current number of policies in cache").namespaced();

/// `policy_cache_evictions_total`.
pub static POLICY_CACHE_EVICTIONS: Family<Counter> =
    Family::counter("policy_cache_evictions_total", "Total number of policy cache evictions")
        .namespaced();

pub(super) static FAMILIES: [&FamilySpec; 6] = [
    POLICY_EVALUATIONS.spec(),
    POLICY_EVALUATION_DURATION.spec(),
    POLICY_CACHE_HITS.spec(),
    POLICY_CACHE_MISSES.spec(),
    POLICY_CACHE_SIZE.spec(),
    POLICY_CACHE_EVICTIONS.spec(),
];

/// The index after these families in a registry.
pub(super) const END: usize = gateway::END + 6;

const EVALUATIONS: Preregistered<Counter, PolicyEvaluation<'_>> =
    Preregistered::find(&POLICY_EVALUATIONS, &FAMILIES, END);
const DURATION: Preregistered<DurationHistogram, PolicyEvaluationTime> =
    Preregistered::find(&POLICY_EVALUATION_DURATION, &FAMILIES, END);
const HITS: Preregistered<Counter> = Preregistered::find(&POLICY_CACHE_HITS, &FAMILIES, END);
const MISSES: Preregistered<Counter> = Preregistered::find(&POLICY_CACHE_MISSES, &FAMILIES, END);
const SIZE: Preregistered<Gauge> = Preregistered::find(&POLICY_CACHE_SIZE, &FAMILIES, END);
const EVICTIONS: Preregistered<Counter> =
    Preregistered::find(&POLICY_CACHE_EVICTIONS, &FAMILIES, END);

impl MetricsRegistry {
    /// Counts an evaluation and its duration.
    #[inline]
    pub fn record_policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
        duration: Duration,
    ) {
        let evaluation = PolicyEvaluation { decision, agent_id };
        let time = PolicyEvaluationTime { decision };
        self.count_and_observe((EVALUATIONS, evaluation), (DURATION, time), duration);
    }

    /// Returns the handle of evaluations with these labels.
    #[must_use]
    pub fn policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
    ) -> PolicyEvaluationMetrics {
        PolicyEvaluationMetrics {
            evaluations: self.handle(EVALUATIONS, PolicyEvaluation { decision, agent_id }),
            duration: self.handle(DURATION, PolicyEvaluationTime { decision }),
        }
    }

    /// Times an evaluation until the timer is dropped. See [`PolicyEvaluationTimer`] for the decision that is
    /// recorded.
    pub fn time_policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
    ) -> PolicyEvaluationTimer {
        let store = self.store(EVALUATIONS);
        let agent_id = store.carried_value(0, agent_id);
        if agent_id.is_cut() {
            store.count_invalid();
        }
        PolicyEvaluationTimer {
            metrics: self.clone(),
            decision,
            agent_id: (*agent_id).to_owned(),
            made_while_panicking: std::thread::panicking(),
            stopwatch: Stopwatch::start(),
        }
    }

    /// Counts a policy that was found in the cache.
    #[inline]
    pub fn record_policy_cache_hit(&self) {
        self.count(HITS, ());
    }

    /// Counts a policy that was not in the cache.
    #[inline]
    pub fn record_policy_cache_miss(&self) {
        self.count(MISSES, ());
    }

    /// Counts a policy that the cache evicted.
    #[inline]
    pub fn record_policy_cache_eviction(&self) {
        self.count(EVICTIONS, ());
    }

    /// Sets the number of policies in the cache.
    pub fn set_policy_cache_size(&self, size: u64) {
        self.set(SIZE, (), size);
    }
}

/// Evaluations with one set of labels.
#[derive(Clone, Debug)]
pub struct PolicyEvaluationMetrics {
    evaluations: Counter,
    duration: DurationHistogram,
}

impl PolicyEvaluationMetrics {
    /// Counts an evaluation and its duration.
    #[inline]
    pub fn record(&self, duration: Duration) {
        self.evaluations.inc();
        self.duration.observe(duration);
    }
}

/// Times a policy evaluation and records it when it is dropped.
///
/// The timer records the decision that was last set. After a panic, it always records
/// [`Error`](PolicyDecisionType::Error). An early `?` and a cancelled future drop the timer like any other end
/// of the scope. Start with `Error` and set the decision when it is known, so that they are not counted as a
/// decision that was never made.
/// known, and neither counts as a decision that nobody made.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{MetricsRegistry, PolicyDecisionType};
///
/// fn evaluate(metrics: &MetricsRegistry, rule: &str) -> Result<bool, std::str::ParseBoolError> {
///     let mut timer = metrics.time_policy_evaluation(PolicyDecisionType::Error, "agent-1");
///     let allowed = rule.parse()?;
///     timer.set_decision(if allowed { PolicyDecisionType::Allowed } else { PolicyDecisionType::Denied });
///     Ok(allowed)
/// }
///
/// let metrics = MetricsRegistry::new();
/// evaluate(&metrics, "true")?;
/// assert!(evaluate(&metrics, "maybe").is_err());
///
/// let count = |decision| metrics.sample(
///     "caracal_policy_evaluations_total",
///     &[("decision", decision), ("agent_id", "agent-1")],
/// );
/// assert_eq!((count("allowed"), count("error")), (Some(1.0), Some(1.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Bind it to a name: `let _ =` drops it immediately, and the evaluation that follows is not timed. See
/// [`GaugeGuard`](crate::GaugeGuard) for the lint that finds this.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::{MetricsRegistry, PolicyDecisionType};
/// let metrics = MetricsRegistry::new();
/// let _ = metrics.time_policy_evaluation(PolicyDecisionType::Error, "agent-1");
/// // What is evaluated here is neither timed nor counted. The timer has already recorded an error.
/// let errors = [("decision", "error"), ("agent_id", "agent-1")];
/// assert_eq!(metrics.sample("caracal_policy_evaluations_total", &errors), Some(1.0));
/// ```
#[derive(Debug)]
#[must_use = "the evaluation ends when the timer is dropped"]
pub struct PolicyEvaluationTimer {
    metrics: MetricsRegistry,
    decision: PolicyDecisionType,
    agent_id: String,
    /// Cleanup code may evaluate a policy while another panic unwinds. That panic is not one of the evaluation.
    made_while_panicking: bool,
    stopwatch: Stopwatch,
}

impl PolicyEvaluationTimer {
    /// Sets the decision that will be recorded.
    pub fn set_decision(&mut self, decision: PolicyDecisionType) {
        self.decision = decision;
    }
}

impl Drop for PolicyEvaluationTimer {
    fn drop(&mut self) {
        let panicked = std::thread::panicking() && !self.made_while_panicking;
        let decision = if panicked { PolicyDecisionType::Error } else { self.decision };
        self.metrics.record_policy_evaluation(decision, &self.agent_id, self.stopwatch.elapsed());
    }
}
