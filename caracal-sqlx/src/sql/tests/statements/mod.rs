//! Every kind of statement of the three grammars that an application sends, as in the manuals.

mod mysql;
mod postgres;
mod sqlite;

use super::{Dialect, Operation, read};

/// The message contains all statements that are read differently.
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
