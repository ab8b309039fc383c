//! The scopes of the names of a `WITH`.

use super::Dialect::{MySql, Postgres, Sqlite};
use super::Operation::{Delete, Insert, Select};
use super::{expect, expect_in};

#[test]
fn a_nested_with_names_nothing_outside_of_it() {
    for text in [
        "SELECT * FROM (WITH users AS (SELECT 1) SELECT * FROM users) x, users",
        "SELECT (WITH users AS (SELECT 1) SELECT * FROM users) FROM users",
        "WITH x AS (WITH users AS (SELECT 1) SELECT * FROM users) SELECT * FROM users",
        "WITH x AS (WITH RECURSIVE users AS (SELECT 1) SELECT * FROM users) SELECT * FROM x, users",
    ] {
        expect(text, Select, "users");
    }
    let text = "WITH x AS (WITH users AS (SELECT 1) SELECT * FROM users) DELETE FROM users";
    expect(text, Delete, "users");
    let text = "EXPLAIN WITH x AS (WITH a AS (SELECT 1) SELECT * FROM a) SELECT * FROM a";
    assert_eq!(super::read(text, Postgres).1, "a");
}

#[test]
fn the_names_of_a_with_hold_in_what_is_nested_in_it() {
    let text = "WITH x AS (SELECT * FROM b) SELECT * FROM (SELECT * FROM x) y, a";
    expect(text, Select, "a");
    let text = "WITH x AS (SELECT * FROM b), y AS (SELECT * FROM x JOIN c ON true) SELECT * FROM y";
    expect(text, Select, "b");
    // The inner name hides the outer one only in its scope.
    let text = "WITH x AS (SELECT 1), y AS (WITH x AS (SELECT 2) SELECT * FROM x)
                SELECT * FROM x, y, a";
    expect(text, Select, "a");
}

/// SQLite does not require the word, and rejects `WITH a AS (SELECT * FROM a)`.
#[test]
fn to_sqlite_every_with_is_recursive() {
    let counts = "WITH t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t";
    expect_in(Sqlite, counts, Select, "unknown");
    for dialect in [Postgres, MySql] {
        expect_in(dialect, counts, Select, "t");
    }
}

#[test]
fn a_recursive_with_may_name_later_what_it_reads_earlier() {
    let text = "a AS (SELECT * FROM b), b AS (SELECT * FROM t) SELECT * FROM a";
    expect_in(Postgres, &format!("WITH RECURSIVE {text}"), Select, "t");
    expect_in(Sqlite, &format!("WITH {text}"), Select, "t");
    // The name is defined only after this place, so it is a table here.
    expect_in(Postgres, &format!("WITH {text}"), Select, "b");
    expect_in(MySql, &format!("WITH {text}"), Select, "b");
}

/// Commas separate the columns of `SEARCH` and `CYCLE`, and also the queries.
#[test]
fn the_columns_of_search_and_cycle_are_no_queries() {
    let with = "WITH RECURSIVE x(a, b) AS (SELECT a, b FROM t UNION ALL SELECT a, b FROM x)";
    for clause in [
        "SEARCH DEPTH FIRST BY a, b SET o",
        "CYCLE a, b SET is_cycle USING path",
        "SEARCH BREADTH FIRST BY a, b, c SET o CYCLE a, b SET is_cycle TO true DEFAULT false USING p",
    ] {
        expect_in(Postgres, &format!("{with} {clause} SELECT * FROM b, x"), Select, "b");
        let second = format!("{with} {clause}, y AS (DELETE FROM d RETURNING *) SELECT * FROM y");
        expect_in(Postgres, &second, Delete, "d");
    }
}

#[test]
fn a_with_in_what_is_written_holds_there() {
    let text = "INSERT INTO a WITH a AS (SELECT 1) SELECT * FROM a";
    expect(text, Insert, "a");
}
