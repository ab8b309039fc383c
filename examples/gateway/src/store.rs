//! All statements of the gateway. The pool counts and times them.

use std::str::FromStr;
use std::sync::Arc;

use caracal_metrics::sqlx::ObservedPool;
use serde::{Deserialize, Serialize};
use sqlx::{Any, Row};

use crate::database::Database;

/// The effect of a policy on an action.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The agent may perform the action.
    Allow,
    /// The agent may not perform the action.
    Deny,
}

impl Effect {
    fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl FromStr for Effect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            other => Err(format!("{other:?} is not a valid policy effect")),
        }
    }
}

/// A recorded decision.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerEntry {
    /// A random id. If an entry is written twice, it is stored once.
    pub id: String,
    /// The agent that requested the action.
    pub agent_id: String,
    /// The requested action.
    pub action: String,
    /// `allowed` or `denied`.
    pub decision: String,
    /// The time of the decision, in milliseconds since 1970.
    pub recorded_at: i64,
}

/// Access to the tables.
#[derive(Debug)]
pub struct Store {
    database: Arc<Database>,
}

impl Store {
    /// Creates a store for this database.
    #[must_use]
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    fn pool(&self) -> &ObservedPool<Any> {
        self.database.pool()
    }

    /// Returns the policy for an action of an agent.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn policy(
        &self,
        agent_id: &str,
        action: &str,
    ) -> Result<Option<Effect>, sqlx::Error> {
        let select = "SELECT effect FROM policies WHERE agent_id = $1 AND action = $2";
        let select = sqlx::query_scalar::<_, String>(select).bind(agent_id).bind(action);
        let effect = select.fetch_optional(self.pool()).await?;
        effect
            .map(|effect| effect.parse().map_err(|error: String| sqlx::Error::Decode(error.into())))
            .transpose()
    }

    /// Adds a policy if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn insert_policy(
        &self,
        agent_id: &str,
        action: &str,
        effect: Effect,
    ) -> Result<(), sqlx::Error> {
        let insert = "INSERT INTO policies (agent_id, action, effect) VALUES ($1, $2, $3) \
                      ON CONFLICT (agent_id, action) DO NOTHING";
        let insert = sqlx::query(insert).bind(agent_id).bind(action).bind(effect.as_str());
        insert.execute(self.pool()).await?;
        Ok(())
    }

    /// Changes a policy. Returns `false` if there is none. If the future is dropped before it has
    /// completed, the policy is unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn update_policy(
        &self,
        agent_id: &str,
        action: &str,
        effect: Effect,
    ) -> Result<bool, sqlx::Error> {
        let update = "UPDATE policies SET effect = $1 WHERE agent_id = $2 AND action = $3";
        let update = sqlx::query(update).bind(effect.as_str()).bind(agent_id).bind(action);
        let mut transaction = self.pool().begin().await?;
        let done = update.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Deletes a policy. Returns `false` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn delete_policy(&self, agent_id: &str, action: &str) -> Result<bool, sqlx::Error> {
        let delete = "DELETE FROM policies WHERE agent_id = $1 AND action = $2";
        let delete = sqlx::query(delete).bind(agent_id).bind(action);
        let done = delete.execute(self.pool()).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Records a decision.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn append_ledger(&self, entry: &LedgerEntry) -> Result<(), sqlx::Error> {
        let insert = "INSERT INTO ledger (id, agent_id, action, decision, recorded_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        let insert = sqlx::query(insert)
            .bind(entry.id.as_str())
            .bind(entry.agent_id.as_str())
            .bind(entry.action.as_str())
            .bind(entry.decision.as_str())
            .bind(entry.recorded_at);
        insert.execute(self.pool()).await?;
        Ok(())
    }

    /// Returns the latest decisions about an agent, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn recent_ledger(
        &self,
        agent_id: &str,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, sqlx::Error> {
        let select = "SELECT id, agent_id, action, decision, recorded_at FROM ledger \
                      WHERE agent_id = $1 ORDER BY recorded_at DESC LIMIT $2";
        let select = sqlx::query(select).bind(agent_id).bind(i64::from(limit));
        let rows = select.fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                Ok(LedgerEntry {
                    id: row.try_get("id")?,
                    agent_id: row.try_get("agent_id")?,
                    action: row.try_get("action")?,
                    decision: row.try_get("decision")?,
                    recorded_at: row.try_get("recorded_at")?,
                })
            })
            .collect()
    }

    /// Deletes decisions from before this time, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn prune_ledger(&self, before: i64) -> Result<u64, sqlx::Error> {
        let delete = sqlx::query("DELETE FROM ledger WHERE recorded_at < $1").bind(before);
        let done = delete.execute(self.pool()).await?;
        Ok(done.rows_affected())
    }
}
