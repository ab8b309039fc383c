//! The agents of the demo and what they may do.

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

/// What they try to do.
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

/// Gives every agent a policy for every action: most may read and write, few may delete or deploy.
///
/// # Errors
///
/// When the database fails.
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
