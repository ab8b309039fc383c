//! Properties of any text: the work is linear in its length, nothing panics, and the label of the table is a
//! name or one of the two labels for texts without one.

use caracal_metrics_core::DatabaseOperationType as Operation;
use proptest::prelude::*;

use super::lexer::{Lexer, Token};
use super::parser::Parser;
use super::{Dialect, Statement, classify, unicode};

const DIALECTS: [Dialect; 3] = [Dialect::Postgres, Dialect::Sqlite, Dialect::MySql];

/// The work for a text, as the number of bytes and tokens that are read.
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
        "COPY (",
        "TABLE ONLY (",
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
        "U&\"",
        "U&\"\\0061\" UESCAPE ",
        "U&\"a\"\n",
        "E'a'\n",
        "E'a'--\n",
        ":a",
        "@",
        "AS ",
        "ROWS FROM ",
        "ROWS FROM (",
        "WITH a AS (SELECT 1) SELECT * FROM (",
        "a AS (WITH b AS (SELECT 1) SELECT 2), ",
        "a, ",
        "BEGIN ",
        "BEGIN CASE IF ",
        "BEGIN ATOMIC ",
        "END ",
        "; END ",
        "IF x THEN ",
        "UNION TABLE ",
    ] {
        for start in [
            "",
            "SELECT * FROM a WHERE ",
            "WITH RECURSIVE ",
            "WITH RECURSIVE a AS (SELECT 1) CYCLE ",
            "CREATE FUNCTION f() ",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN ",
            "CREATE RULE r AS ON INSERT TO a DO ALSO (",
        ] {
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

/// The words and the names in quotes of a text.
fn names(text: &str, dialect: Dialect) -> Vec<String> {
    let mut lexer = Lexer::new(text, dialect);
    let mut names = Vec::new();
    while let Some(token) = lexer.next() {
        match token {
            Token::Word(name) => names.extend([name.to_owned(), name.to_ascii_lowercase()]),
            Token::Quoted(name) => names.push(name.to_owned()),
            Token::Escaped(content, escape) => names.extend(unicode::decode(content, escape, 128)),
            Token::Literal | Token::Symbol(_) => {}
        }
    }
    names
}

/// The label of the table is a whole name of the text, or one of the two labels for texts without one.
fn check_any_text(text: &str) -> Result<(), TestCaseError> {
    for dialect in DIALECTS {
        let statement = classify(text, dialect);
        let table = statement.table();
        let is_name =
            table.len() <= 128 && !table.is_empty() && !table.chars().any(char::is_control);
        prop_assert!(is_name, "{dialect:?}: {table:?}");
        let is_of_the_text = names(text, dialect).iter().any(|name| name == table);
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

/// Keywords, names and signs.
const WORDS: &str = "SELECT FROM INSERT INTO UPDATE DELETE WITH RECURSIVE AS JOIN ( ) , ; . ? $1 :from \
    a B é ONLY LATERAL VALUES SET ON TABLE CREATE EXPLAIN DISTINCT 1.5 UNION MERGE TRIGGER INDEX COPY \
    ROWS RULE DO ALSO TO FUNCTION BEGIN ATOMIC CASE END IF THEN LOOP DELAYED IGNORE CYCLE UESCAPE NOT \
    EXISTS REPLACE TRUNCATE";

/// The beginnings and ends of strings, names and comments.
const QUOTES: &str = r#"' " ` [ ] $ $$ $x$ -- /* */ # \ E' U&" U&' @ \0061"#;

/// Whole strings and comments, which must never be a label.
const SECRETS: &[&str] = &[
    "'secret'",
    "'it''s secret'",
    "N'secret'",
    "X'secret'",
    "E'secret'",
    "$x$secret$x$",
    "$$secret$$",
    "U&'secret'",
    "U&'secret' UESCAPE 'secret'",
    "_utf8'secret'",
    "/* secret */",
    "-- secret\n",
    ":secret",
    "@secret",
    "'secret'\n'secret'",
];

fn whole_strings() -> Vec<&'static str> {
    WORDS.split_whitespace().chain(SECRETS.iter().copied()).collect()
}

fn sql() -> Vec<&'static str> {
    QUOTES.split_whitespace().chain(whole_strings()).collect()
}

/// Texts that consist of these and of line breaks.
fn texts(fragments: Vec<&'static str>) -> impl Strategy<Value = String> {
    let fragment = prop::sample::select([fragments, vec!["\n"]].concat());
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
    fn so_does_any_heap_of_sql(text in texts(sql())) {
        check_any_text(&text)?;
    }

    #[test]
    fn the_content_of_strings_and_comments_is_never_a_label(text in texts(whole_strings())) {
        // Directly after a word, Postgres reads the dollar signs of a string as part of the word.
        let text = text.replace("$x$secret", " $x$secret").replace("$$secret", " $$secret");
        for dialect in DIALECTS {
            let statement = classify(&text, dialect);
            prop_assert!(!statement.table().contains("secret"), "{dialect:?}: {statement:?}");
        }
    }
}
