//! Policy decisions. The policies come from the database through a cache.

use std::sync::Arc;
use std::time::Duration;

use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::future::ObservedCache;
use caracal_metrics::{AttachError, MetricsRegistry, PolicyDecisionType};
use moka::future::Cache;

use crate::breaker::{GuardedStore, Unavailable};
use crate::store::Effect;

/// Half of the number of policies in the demo, so that entries are evicted.
const CAPACITY: u64 = 48;
/// The maximum time until the gateway sees a change that another program makes.
const TIME_TO_LIVE: Duration = Duration::from_secs(30);

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the agent may perform the action.
    pub allowed: bool,
    /// Whether the policy came from the cache while the database was unavailable.
    pub degraded: bool,
}

/// Evaluates policies.
#[derive(Clone, Debug)]
pub struct Policies {
    /// By agent and action. The absence of a policy is cached too.
    cache: ObservedCache<(String, String), Option<Effect>>,
    store: Arc<GuardedStore>,
    metrics: MetricsRegistry,
}

impl Policies {
    /// Creates an evaluator of the policies in this store.
    ///
    /// # Errors
    ///
    /// Returns an error if the registry already has a policy cache.
    pub fn new(store: &Arc<GuardedStore>, metrics: &MetricsRegistry) -> Result<Self, AttachError> {
        let observer = CacheObserver::policy();
        let cache = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(TIME_TO_LIVE)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        Ok(Self {
            cache: observer.wrap(cache, metrics)?,
            store: Arc::clone(store),
            metrics: metrics.clone(),
        })
    }

    /// Decides on an action. An action that no policy allows is denied.
    ///
    /// # Errors
    ///
    /// Returns an error if the policy is not in the cache and the database does not respond.
    pub async fn evaluate(
        &self,
        agent_id: &str,
        action: &str,
    ) -> Result<Decision, Arc<Unavailable>> {
        let mut timer = self.metrics.time_policy_evaluation(PolicyDecisionType::Error, agent_id);
        let mut from_cache = true;
        let policy = self
            .cache
            .try_get_with(key(agent_id, action), async {
                from_cache = false;
                self.store.call(|store| store.policy(agent_id, action)).await
            })
            .await?;
        let allowed = policy == Some(Effect::Allow);
        timer.set_decision(if allowed {
            PolicyDecisionType::Allowed
        } else {
            PolicyDecisionType::Denied
        });
        Ok(Decision { allowed, degraded: from_cache && self.store.is_degraded() })
    }

    /// Sets a policy.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not respond.
    pub async fn set(
        &self,
        agent_id: &str,
        action: &str,
        effect: Effect,
    ) -> Result<(), Unavailable> {
        let updated =
            self.store.call(|store| store.update_policy(agent_id, action, effect)).await?;
        if !updated {
            self.store.call(|store| store.insert_policy(agent_id, action, effect)).await?;
        }
        self.cache.invalidate(&key(agent_id, action)).await;
        Ok(())
    }

    /// Removes a policy. Returns `false` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not respond.
    pub async fn remove(&self, agent_id: &str, action: &str) -> Result<bool, Unavailable> {
        let removed = self.store.call(|store| store.delete_policy(agent_id, action)).await?;
        self.cache.invalidate(&key(agent_id, action)).await;
        Ok(removed)
    }
}

fn key(agent_id: &str, action: &str) -> (String, String) {
    (agent_id.to_owned(), action.to_owned())
}
