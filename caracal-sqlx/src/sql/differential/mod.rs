//! Compares our reader with sqlparser, on statements such as services send.

mod differences;
mod oracle;

use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};

use super::{Dialect, classify};
use differences::{DIFFERENCES, Difference};
use oracle::oracle;

const POSTGRES: &str = include_str!("../../../tests/corpus/postgres.sql");
const SQLITE: &str = include_str!("../../../tests/corpus/sqlite.sql");
const MYSQL: &str = include_str!("../../../tests/corpus/mysql.sql");

#[test]
fn agrees_with_sqlparser_but_for_listed_differences() {
    let corpora: [(&str, Dialect, &dyn Grammar); 3] = [
        (POSTGRES, Dialect::Postgres, &PostgreSqlDialect {}),
        (SQLITE, Dialect::Sqlite, &SQLiteDialect {}),
        (MYSQL, Dialect::MySql, &MySqlDialect {}),
    ];
    let mut statements = 0;
    let mut listed = 0;
    let mut surprises = Vec::new();
    for (corpus, dialect, grammar) in corpora {
        for text in corpus.lines() {
            statements += 1;
            let ours = classify(text, dialect);
            let theirs = oracle(text, grammar, dialect);
            if theirs.as_ref() == Some(&ours) {
                continue;
            }
            let ours = (ours.operation, ours.table());
            let theirs = theirs.as_ref().map(|theirs| (theirs.operation, theirs.table()));
            let is_this = |known: &Difference| {
                (known.dialect, known.text, known.theirs, known.ours)
                    == (dialect, text, theirs, ours)
            };
            if DIFFERENCES.iter().any(is_this) {
                listed += 1;
            } else {
                surprises.push(format!("{dialect:?}: {text}\n  {theirs:?}\n  {ours:?}"));
            }
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    assert!(statements >= 300, "{statements}");
    assert_eq!(listed, DIFFERENCES.len(), "a listed difference is none");
}
