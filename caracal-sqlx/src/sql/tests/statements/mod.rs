//! Every kind of statement of the three grammars that an application sends, each as its manual has it.

mod mysql;
mod postgres;
mod sqlite;

use super::{Dialect, Operation, read};

/// All that are read in another way are named at once.
#[track_caller]
fn expect_all(dialect: Dialect, statements: &[(&str, Operation, &str)]) {
    let wrong = statements.iter().filter_map(|(text, operation, table)| {
        let (read_operation, read_table) = read(text, dialect);
        let is_right = read_operation == *operation && read_table == *table;
        (!is_right).then(|| format!("{text}\n    {read_operation:?} {read_table}"))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{dialect:?}\n{}", wrong.join("\n"));
}
