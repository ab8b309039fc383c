//! What holds for any text: the work is linear in its length, nothing panics, and a table's label is
//! a name or says that there is none.

use caracal_metrics_core::DatabaseOperationType as Operation;
use proptest::prelude::*;

use super::parser::Parser;
use super::{Dialect, Statement, classify};

const DIALECTS: [Dialect; 3] = [Dialect::Postgres, Dialect::Sqlite, Dialect::MySql];

/// The work for a text, in bytes and tokens looked at.
fn work(text: &str, dialect: Dialect) -> usize {
    let mut parser = Parser::new(text, dialect);
    let _: Statement = parser.text();
    parser.steps()
}

#[test]
fn the_work_is_linear_in_the_length_of_the_text() {
    const LENGTH: usize = 1 << 16;
    for unit in [
        "(",
        ")",
        "((",
        "(SELECT ",
        "WITH ",
        "WITH a AS (",
        "EXPLAIN ",
        "FROM a JOIN ",
        "a, ",
        "'",
        "\"",
        "/*",
        "/* */",
        "--\n",
        "$a$",
        "$a",
        "$",
        ";",
        "; SELECT ",
        ".a",
        "a.",
        "x AS (SELECT 1), ",
        "SELECT * FROM (",
        "[",
        "]",
        "`",
        "\\",
        "é",
        "1",
        " ",
        "E'",
        "INSERT INTO ",
        "DELETE ",
        "CREATE ",
        "DISTINCT FROM ",
    ] {
        for start in ["", "SELECT * FROM a WHERE ", "WITH RECURSIVE "] {
            let text = format!("{start}{}", unit.repeat(LENGTH / unit.len()));
            for dialect in DIALECTS {
                let work = work(&text, dialect);
                assert!(work <= 2 * text.len() + 10, "{start}{unit}: {work} for {}", text.len());
            }
        }
    }
}

#[test]
fn a_statement_of_a_mebibyte_is_read_once() {
    let values = "(1, 'it''s'), ".repeat((1 << 20) / 14);
    let text = format!("INSERT INTO a VALUES {values} (2, NULL)");
    for dialect in DIALECTS {
        let statement = classify(&text, dialect);
        assert_eq!((statement.operation, statement.table()), (Operation::Insert, "a"));
        assert!(work(&text, dialect) <= 2 * text.len());
    }
}

/// A table's label is a name of the text, or says that there is none.
fn check_any_text(text: &str) -> Result<(), TestCaseError> {
    for dialect in DIALECTS {
        let statement = classify(text, dialect);
        let table = statement.table();
        let is_name =
            table.len() <= 128 && !table.is_empty() && !table.chars().any(char::is_control);
        prop_assert!(is_name, "{dialect:?}: {table:?}");
        let folded = text.to_ascii_lowercase();
        let is_of_the_text = folded.contains(&table.to_ascii_lowercase());
        prop_assert!(
            is_of_the_text || matches!(table, "unknown" | "batch"),
            "{dialect:?}: {table:?}"
        );
        prop_assert!(
            !table.contains(['(', ')', ';', '\'', '"', '=', '*', ',', '?']),
            "{dialect:?}: {table:?}"
        );
        prop_assert!(work(text, dialect) <= 2 * text.len() + 10);
    }
    Ok(())
}

/// Texts made of what statements are made of.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "INSERT",
        "INTO",
        "UPDATE",
        "DELETE",
        "WITH",
        "RECURSIVE",
        "AS",
        "JOIN",
        "(",
        ")",
        ",",
        ";",
        ".",
        "'",
        "\"",
        "`",
        "[",
        "]",
        "$",
        "$$",
        "$x$",
        "--",
        "/*",
        "*/",
        "#",
        "\\",
        "\n",
        "?",
        "$1",
        "a",
        "B",
        "é",
        "ONLY",
        "LATERAL",
        "VALUES",
        "SET",
        "ON",
        "TABLE",
        "CREATE",
        "EXPLAIN",
        "DISTINCT",
        "E'",
        "1.5",
        "UNION",
        "MERGE",
        "TRIGGER",
        "INDEX",
        "COPY",
    ]);
    let blank = prop::sample::select(vec!["", " "]);
    prop::collection::vec((fragment, blank), 0..40)
        .prop_map(|parts| parts.into_iter().flat_map(|(part, blank)| [part, blank]).collect())
}

proptest! {
    #[test]
    fn any_text_gives_a_name_of_it_or_says_unknown(text in any::<String>()) {
        check_any_text(&text)?;
    }

    #[test]
    fn so_does_any_heap_of_sql(text in fragments()) {
        check_any_text(&text)?;
    }
}
