//! Policy evaluations and the policy cache.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalogue::Metric;
use crate::core::{Core, Series};
use crate::labels::PolicyDecisionType;
use crate::registry::MetricsRegistry;
use crate::series::{Labels, NO_LABELS};

#[inline]
fn decision_labels(decision: PolicyDecisionType) -> Labels<'static, 0> {
    Labels { closed: decision.index(), open: [] }
}

impl MetricsRegistry {
    /// Counts an evaluation and its duration.
    #[inline]
    pub fn record_policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
        duration: Duration,
    ) {
        let core = self.core();
        let labels = Labels { closed: decision.index(), open: [agent_id] };
        core.count(Metric::PolicyEvaluations, labels);
        let labels = decision_labels(decision);
        core.time(Metric::PolicyEvaluationDuration, labels, duration);
    }

    /// The handle of evaluations with these labels.
    #[must_use]
    pub fn policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
    ) -> PolicyEvaluationMetrics {
        let core = self.core();
        let labels = Labels { closed: decision.index(), open: [agent_id] };
        PolicyEvaluationMetrics {
            evaluations: core.series(Metric::PolicyEvaluations, labels),
            duration: core.series(Metric::PolicyEvaluationDuration, decision_labels(decision)),
            core: Arc::clone(core),
        }
    }

    /// Times an evaluation until the timer is dropped. See [`PolicyEvaluationTimer`] for which
    /// decision is recorded.
    pub fn time_policy_evaluation(
        &self,
        decision: PolicyDecisionType,
        agent_id: &str,
    ) -> PolicyEvaluationTimer {
        let metric = Metric::PolicyEvaluations;
        let [agent_id] = self.core().store(metric).values([agent_id]);
        if agent_id.is_cut() {
            self.core().count_invalid(metric);
        }
        PolicyEvaluationTimer {
            metrics: self.clone(),
            decision,
            agent_id: (*agent_id).to_owned(),
            made_while_panicking: std::thread::panicking(),
            start: Instant::now(),
        }
    }

    /// Counts a policy that was found in the cache.
    #[inline]
    pub fn record_policy_cache_hit(&self) {
        self.count_policy_cache(Metric::PolicyCacheHits);
    }

    /// Counts a policy that was not in the cache.
    #[inline]
    pub fn record_policy_cache_miss(&self) {
        self.count_policy_cache(Metric::PolicyCacheMisses);
    }

    /// Counts a policy that the cache evicted.
    #[inline]
    pub fn record_policy_cache_eviction(&self) {
        self.count_policy_cache(Metric::PolicyCacheEvictions);
    }

    #[inline]
    fn count_policy_cache(&self, metric: Metric) {
        let core = self.core();
        core.count(metric, NO_LABELS);
    }

    /// Sets how many policies are in the cache.
    pub fn set_policy_cache_size(&self, size: u64) {
        let core = self.core();
        core.set(core.series(Metric::PolicyCacheSize, NO_LABELS), size);
    }
}

/// Evaluations with one set of labels.
#[derive(Clone, Debug)]
pub struct PolicyEvaluationMetrics {
    core: Arc<Core>,
    evaluations: Series,
    duration: Series,
}

impl PolicyEvaluationMetrics {
    /// Counts an evaluation and its duration.
    #[inline]
    pub fn record(&self, duration: Duration) {
        self.core.increment(self.evaluations);
        self.core.observe(self.duration, duration);
    }
}

/// Times a policy evaluation and records it when dropped.
///
/// What is recorded is the decision that was last set; a panic records
/// [`Error`](PolicyDecisionType::Error) whatever was set. An early `?` or a cancelled future drops
/// the timer as any other end of the scope does: start with `Error` and set the decision once it is
/// known, and neither counts as a decision that nobody made.
///
/// ```
/// use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
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
/// Bind it to a name: `let _ =` drops it at once, and the evaluation that follows is not timed. See
/// [`InFlightGuard`](crate::InFlightGuard) for the lint that finds this.
///
/// ```
/// # use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
/// let metrics = MetricsRegistry::new();
/// let _ = metrics.time_policy_evaluation(PolicyDecisionType::Error, "agent-1");
/// // What is evaluated here is neither timed nor counted. The timer has recorded an error already.
/// let errors = [("decision", "error"), ("agent_id", "agent-1")];
/// assert_eq!(metrics.sample("caracal_policy_evaluations_total", &errors), Some(1.0));
/// ```
#[derive(Debug)]
#[must_use = "the evaluation ends when the timer is dropped"]
pub struct PolicyEvaluationTimer {
    metrics: MetricsRegistry,
    decision: PolicyDecisionType,
    agent_id: String,
    /// Clean-up code may evaluate a policy while another panic unwinds: that one is not ours.
    made_while_panicking: bool,
    start: Instant,
}

impl PolicyEvaluationTimer {
    /// Sets what will be recorded.
    pub fn set_decision(&mut self, decision: PolicyDecisionType) {
        self.decision = decision;
    }
}

impl Drop for PolicyEvaluationTimer {
    fn drop(&mut self) {
        let panicked = std::thread::panicking() && !self.made_while_panicking;
        let decision = if panicked { PolicyDecisionType::Error } else { self.decision };
        self.metrics.record_policy_evaluation(decision, &self.agent_id, self.start.elapsed());
    }
}
