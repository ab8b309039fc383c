//! Words that are keywords in one place or in one database, and names in another.

use super::Dialect::{MySql, Postgres, Sqlite};
use super::Operation::{Delete, Insert, Other, Select, Update};
use super::{expect, expect_in};

/// Only MySQL has modifiers, and they are in front of `INTO`.
#[test]
fn a_table_may_be_named_like_a_modifier_of_mysql() {
    for name in ["delayed", "low_priority", "high_priority", "ignore", "quick"] {
        for dialect in [Postgres, Sqlite] {
            expect_in(dialect, &format!("INSERT INTO {name} VALUES (1)"), Insert, name);
            expect_in(dialect, &format!("UPDATE {name} SET a = 1"), Update, name);
            expect_in(dialect, &format!("DELETE FROM {name}"), Delete, name);
        }
        expect_in(MySql, &format!("INSERT INTO `{name}` VALUES (1)"), Insert, name);
    }
    for modifiers in ["DELAYED", "LOW_PRIORITY", "HIGH_PRIORITY IGNORE", "IGNORE"] {
        expect_in(MySql, &format!("INSERT {modifiers} INTO t VALUES (1)"), Insert, "t");
        expect_in(MySql, &format!("INSERT {modifiers} t VALUES (1)"), Insert, "t");
    }
    expect_in(MySql, "REPLACE DELAYED INTO t VALUES (1)", Insert, "t");
    expect_in(MySql, "UPDATE LOW_PRIORITY IGNORE t SET a = 1", Update, "t");
    expect_in(MySql, "DELETE LOW_PRIORITY QUICK IGNORE FROM t", Delete, "t");
}

/// Only Postgres reserves `ONLY`. SQLite does not reserve `LATERAL` either.
#[test]
fn only_and_lateral_are_names_where_they_are_not_reserved() {
    for dialect in [Sqlite, MySql] {
        expect_in(dialect, "SELECT * FROM only", Select, "only");
        expect_in(dialect, "UPDATE only SET a = 1", Update, "only");
        expect_in(dialect, "DELETE FROM only", Delete, "only");
    }
    expect_in(Sqlite, "SELECT * FROM lateral", Select, "lateral");
    expect_in(Sqlite, "SELECT * FROM lateral, a", Select, "lateral");
    for only in ["ONLY a", "ONLY (a)"] {
        expect_in(Postgres, &format!("SELECT * FROM {only}"), Select, "a");
        expect_in(Postgres, &format!("UPDATE {only} SET x = 1"), Update, "a");
        expect_in(Postgres, &format!("DELETE FROM {only}"), Delete, "a");
        expect_in(Postgres, &format!("MERGE INTO {only} USING b ON true"), Other, "a");
        expect_in(Postgres, &format!("TRUNCATE TABLE {only}"), Other, "a");
    }
    for dialect in [Postgres, MySql] {
        expect_in(dialect, "SELECT * FROM LATERAL (SELECT * FROM a) x", Select, "a");
    }
}

#[test]
fn rows_from_is_a_list_of_functions() {
    expect_in(Postgres, "SELECT * FROM ROWS FROM (f())", Select, "unknown");
    expect_in(Postgres, "SELECT * FROM ROWS FROM (f(1), g('x')) AS t (a, b)", Select, "unknown");
    expect_in(Postgres, "SELECT * FROM LATERAL ROWS FROM (f()) x JOIN a ON true", Select, "a");
    expect_in(Postgres, "SELECT * FROM rows FROM (f() AS (a int, b text)), a", Select, "a");
    expect("SELECT * FROM rows", Select, "rows");
    expect("SELECT * FROM rows, a", Select, "rows");
    expect("SELECT * FROM rows r JOIN a ON true", Select, "rows");
}

#[test]
fn a_keyword_after_a_dot_is_a_name() {
    expect_in(Postgres, "SELECT * FROM public.order", Select, "order");
    expect_in(MySql, "SELECT * FROM shop.group g JOIN a ON 1", Select, "group");
    expect("SELECT x.from, x.until FROM a x", Select, "a");
    expect("SELECT x.select, x.where FROM a x", Select, "a");
    expect("INSERT INTO s.values VALUES (1)", Insert, "values");
}

/// Postgres accepts any keyword as the name of a column after `AS`.
#[test]
fn a_keyword_after_as_is_a_name() {
    expect_in(Postgres, "SELECT a AS from, b AS to FROM t", Select, "t");
    expect_in(Postgres, "SELECT lower(r) AS from, b AS select, c AS join FROM t", Select, "t");
    expect_in(Postgres, "SELECT a AS distinct FROM t", Select, "t");
}

#[test]
fn a_keyword_after_the_sign_of_a_parameter_is_its_name() {
    expect_in(Sqlite, "SELECT :from, x FROM t", Select, "t");
    expect_in(Sqlite, "SELECT $from, x FROM t", Select, "t");
    expect_in(Sqlite, "SELECT @from, x FROM t", Select, "t");
    expect_in(MySql, "SELECT @from, x FROM t", Select, "t");
    expect_in(MySql, "SELECT @@session.from, x FROM t", Select, "t");
    expect_in(Postgres, "SELECT a[1:x], b::text FROM t", Select, "t");
}

/// Names that Postgres does not reserve.
#[test]
fn unreserved_words_of_postgres_are_names() {
    expect_in(Postgres, "SELECT * FROM set", Select, "set");
    expect_in(Postgres, "SELECT * FROM values", Select, "values");
    expect_in(Postgres, "INSERT INTO values VALUES (1)", Insert, "values");
    expect_in(Postgres, "SELECT * FROM view", Select, "view");
    expect_in(Postgres, "SELECT * FROM straight_join, a", Select, "straight_join");
    expect_in(Postgres, "TRUNCATE tables", Other, "tables");
    expect_in(Postgres, "LOCK tables", Other, "tables");
    expect_in(Postgres, "TRUNCATE TABLE tables", Other, "tables");
    expect_in(Postgres, "CREATE TABLE if (a int)", Other, "if");
    expect_in(Postgres, "DROP TABLE if", Other, "if");
    expect_in(Postgres, "CREATE TABLE IF NOT EXISTS exists (a int)", Other, "exists");
    expect_in(Postgres, "DROP TABLE IF EXISTS if", Other, "if");
    expect_in(Postgres, "REFRESH MATERIALIZED VIEW view", Other, "view");
    expect_in(MySql, "LOCK TABLES a READ", Other, "a");
}

/// `UPDATE`, `DELETE` and the like may be columns, and `REPLACE` a function.
#[test]
fn what_only_looks_like_a_statement_in_parentheses_is_an_expression() {
    expect_in(Postgres, "SELECT coalesce(delete, (SELECT 1 FROM b)) FROM t", Select, "t");
    expect_in(Postgres, "SELECT 1 WHERE f(delete + (SELECT 1 FROM b) > 0)", Select, "b");
    expect_in(Postgres, "SELECT max(update), sum(insert), count(merge) FROM t", Select, "t");
    expect_in(Postgres, "SELECT 1 WHERE (update x)", Select, "unknown");
    expect("SELECT (replace(name, 'a', 'b')) FROM t", Select, "t");
}

#[test]
fn an_object_may_be_named_like_a_kind_of_object() {
    expect_in(Postgres, "CREATE SEQUENCE trigger", Other, "unknown");
    expect_in(Postgres, "DROP SCHEMA view", Other, "unknown");
    expect_in(Postgres, "ALTER TYPE index ADD VALUE 'x'", Other, "unknown");
    expect_in(Postgres, "CREATE ROLE table_reader", Other, "unknown");
}

#[test]
fn a_table_of_a_set_operation() {
    expect_in(Postgres, "SELECT 1 UNION ALL TABLE a", Select, "a");
    expect_in(MySql, "SELECT 1 EXCEPT TABLE a", Select, "a");
    expect_in(Postgres, "SELECT x INTO TABLE b FROM a", Select, "a");
}

#[test]
fn lists_functions_and_samples() {
    expect("SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS v", Select, "unknown");
    expect("SELECT * FROM (VALUES (1)) AS v JOIN a ON true", Select, "a");
    expect("SELECT * FROM f((SELECT 1 FROM b)) x, a", Select, "b");
    expect("SELECT * FROM json_table('[]', '$[*]' COLUMNS (x INT PATH '$')) j", Select, "unknown");
    let sampled = "SELECT * FROM a TABLESAMPLE BERNOULLI (10) REPEATABLE (200), b";
    expect_in(Postgres, sampled, Select, "a");
    expect_in(Postgres, "SELECT * FROM f() WITH ORDINALITY AS t (a, n), a", Select, "a");
    expect_in(Postgres, "SELECT * FROM xmltable('/x' PASSING d COLUMNS a text) z, b", Select, "b");
}
