//! caracal-sqlx on a real Postgres: every way to run a query, every label of connection errors, and the
//! gauges that the classic alert divides. All values are read from the page.

mod alert;
mod cancelled;
mod connecting;
mod copies_out;
mod forms;
mod own_types;
mod refusing;
mod scene;
mod statements;
mod transactions;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    run(vec![
        test("each_form_counts_once", docker, forms::each_form_counts_once),
        test("prepared_statements", docker, forms::prepared_statements),
        test("streams", docker, forms::streams),
        test("functions_generic_over_executor", docker, forms::functions_generic_over_executor),
        test("operations_and_tables", docker, statements::operations_and_tables),
        test("statements_that_fail", docker, statements::statements_that_fail),
        test("transactions", docker, transactions::transactions),
        test("savepoints", docker, transactions::savepoints),
        test("a_commit_that_fails", docker, transactions::a_commit_that_fails),
        test("copies_in_0_8", docker, own_types::v0_8::copies_in),
        test("copies_in_0_9", docker, own_types::v0_9::copies_in),
        test("copies_out_0_8", docker, copies_out::v0_8::complete),
        test("copies_out_0_9", docker, copies_out::v0_9::complete),
        test("dropped_copies_out_0_8", docker, copies_out::v0_8::dropped),
        test("dropped_copies_out_0_9", docker, copies_out::v0_9::dropped),
        test("copies_out_of_sync_0_8", docker, copies_out::v0_8::out_of_sync),
        test("copies_out_of_sync_0_9", docker, copies_out::v0_9::out_of_sync),
        test(
            "copies_that_get_no_connection_0_8",
            docker,
            own_types::v0_8::copies_that_get_no_connection,
        ),
        test(
            "copies_that_get_no_connection_0_9",
            docker,
            own_types::v0_9::copies_that_get_no_connection,
        ),
        test("notifications_0_8", docker, own_types::v0_8::notifications),
        test("notifications_0_9", docker, own_types::v0_9::notifications),
        test("advisory_locks_0_8", docker, own_types::v0_8::advisory_locks),
        test("advisory_locks_0_9", docker, own_types::v0_9::advisory_locks),
        test("cancelled_queries", docker, cancelled::cancelled_queries),
        test("cancelled_halfway", docker, cancelled::cancelled_halfway),
        test("wrong_password", docker, connecting::wrong_password),
        test("unknown_database", docker, connecting::unknown_database),
        test("forbidden_database", docker, connecting::forbidden_database),
        test("refused_port", docker, connecting::refused_port),
        test("too_many_connections", docker, connecting::too_many_connections),
        test("acquire_timeout", docker, refusing::acquire_timeout),
        test("closed_pool", docker, refusing::closed_pool),
        test("terminated_in_a_query", docker, refusing::terminated_in_a_query),
        test(
            "terminated_in_an_idle_transaction",
            docker,
            refusing::terminated_in_an_idle_transaction,
        ),
        test("terminated_before_preparing", docker, refusing::terminated_before_preparing),
        test("pool_alerts", &[Needs::Docker, Needs::Prometheus], alert::pool_alerts),
    ])
}
