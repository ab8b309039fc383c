//! The statements of the service, according to the statistics of the server.

use anyhow::{Result, ensure};
use integration_tests::Page;

use crate::database::Database;

const QUERIES: &str = "caracal_database_queries_total";
const DURATIONS: &str = "caracal_database_query_duration_seconds_count";
const TRANSACTIONS: &str = "caracal_database_transactions_total";

/// The statement of `/lock`.
const LOCK: &str = "select pg_advisory_xact_lock_shared";

/// Each kind of statement of the service: its labels, and its text in the statistics of the server.
const STATEMENTS: [(&str, &str, &[&str]); 5] = [
    ("select", "policies", &["select effect from policies"]),
    ("select", "ledger", &["select count(*) from ledger"]),
    ("insert", "ledger", &["insert into ledger"]),
    ("update", "policies", &["update policies"]),
    ("select", "unknown", &[LOCK]),
];

/// Checks that the page counts each statement as a success as often as the server has executed it, and
/// no other statements. Of the statements that waited for the lock, the server executed `unheard` for
/// clients that had disconnected.
pub(crate) async fn compare(database: &Database, page: &Page, unheard: f64) -> Result<()> {
    let mut sum = 0.0;
    for (operation, table, statements) in STATEMENTS {
        let labels = [("operation", operation), ("table", table), ("status", "success")];
        let counted = page.value(QUERIES, &labels);
        let mut executed = 0.0;
        for statement in statements {
            executed += database.executed(statement).await?;
        }
        if statements.contains(&LOCK) {
            executed -= unheard;
        }
        ensure!(counted == executed, "{statements:?}: {counted} on the page, {executed} executed");
        let timed = page.value(DURATIONS, &labels[..2]);
        let ended = page.sum(QUERIES, &labels[..2]);
        ensure!(timed == ended, "{operation} {table}: {timed} durations of {ended} statements");
        sum += counted;
    }
    let committed = page.sum(TRANSACTIONS, &[("outcome", "committed")]);
    let commits = database.executed("commit").await?;
    ensure!(committed == commits, "{committed} committed on the page, {commits} commits executed");
    let all = page.sum(QUERIES, &[("status", "success")]);
    ensure!(sum == all, "unexpected statements:\n{}", page.excerpt());
    Ok(())
}
