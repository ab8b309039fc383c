//! The agents of the demo, and their policies.

use crate::store::{Effect, Store};

/// The agents.
pub const AGENTS: &[&str] = &[
    "billing-bot",
    "support-triage",
    "code-reviewer",
    "data-exporter",
    "calendar-sync",
    "invoice-parser",
    "deploy-agent",
    "research-crawler",
    "mail-drafter",
    "incident-responder",
    "inventory-planner",
    "contract-checker",
];

/// The actions that the agents try.
pub const ACTIONS: &[&str] = &[
    "read_document",
    "send_email",
    "query_warehouse",
    "create_invoice",
    "delete_record",
    "deploy_service",
    "schedule_meeting",
    "call_external_api",
];

/// Creates a policy for every agent and every action. Most agents may read and write, few may delete or deploy.
///
/// # Errors
///
/// Returns an error if the database fails.
pub async fn seed(store: &Store) -> Result<(), sqlx::Error> {
    for agent in AGENTS {
        for action in ACTIONS {
            let may = match *action {
                "delete_record" => *agent == "incident-responder",
                "deploy_service" => *agent == "deploy-agent",
                _ => true,
            };
            let effect = if may { Effect::Allow } else { Effect::Deny };
            store.insert_policy(agent, action, effect).await?;
        }
    }
    Ok(())
}
