//! The operation and the table of single statements.

mod bodies;
mod keywords;
mod prefixes;
mod scopes;
mod statements;

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::{Dialect, classify};

const DIALECTS: [Dialect; 3] = [Dialect::Postgres, Dialect::Sqlite, Dialect::MySql];

fn read(text: &str, dialect: Dialect) -> (Operation, String) {
    let statement = classify(text, dialect);
    (statement.operation, statement.table().to_owned())
}

/// The same in all dialects.
#[track_caller]
fn expect(text: &str, operation: Operation, table: &str) {
    for dialect in DIALECTS {
        assert_eq!(read(text, dialect), (operation, table.to_owned()), "{dialect:?}: {text}");
    }
}

#[track_caller]
fn expect_in(dialect: Dialect, text: &str, operation: Operation, table: &str) {
    assert_eq!(read(text, dialect), (operation, table.to_owned()), "{text}");
}

#[test]
fn the_four_operations() {
    expect("SELECT * FROM agents WHERE id = $1", Operation::Select, "agents");
    expect("insert into agents (id) values (?)", Operation::Insert, "agents");
    expect("UPDATE agents SET name = 'x'", Operation::Update, "agents");
    expect("DELETE FROM agents", Operation::Delete, "agents");
    expect("REPLACE INTO agents VALUES (1)", Operation::Insert, "agents");
    expect("SELECT 1", Operation::Select, "unknown");
    expect("VALUES (1), (2)", Operation::Select, "unknown");
    expect("TABLE agents", Operation::Select, "agents");
}

#[test]
fn a_doubled_quote_does_not_end_a_string() {
    let postgres = |text, operation| expect_in(Dialect::Postgres, text, operation, "a");
    postgres(r"SELECT E'it''s \' FROM secret' FROM a", Operation::Select);
    postgres(r"INSERT INTO a VALUES (E'it''s \'; x')", Operation::Insert);
    expect("SELECT 'it''s FROM secret' FROM a", Operation::Select, "a");
    expect("SELECT '' FROM a", Operation::Select, "a");
}

#[test]
fn a_name_with_a_schema_is_none_of_a_with() {
    expect("WITH a AS (SELECT 1 FROM x) SELECT * FROM public.a", Operation::Select, "a");
    expect("WITH a AS (SELECT 1 FROM x) SELECT * FROM a", Operation::Select, "x");
    expect(
        "WITH RECURSIVE agents AS (SELECT * FROM public.agents) SELECT * FROM agents",
        Operation::Select,
        "agents",
    );
}

#[test]
fn other_commands_are_other_with_the_table_they_are_about() {
    for text in
        ["BEGIN", "COMMIT", "ROLLBACK TO SAVEPOINT x", "PRAGMA table_info(agents)", "VACUUM"]
    {
        expect(text, Operation::Other, "unknown");
    }
    for text in [
        "CREATE TABLE IF NOT EXISTS agents (id TEXT)",
        "CREATE UNIQUE INDEX IF NOT EXISTS by_name ON agents (name)",
        "ALTER TABLE agents ADD COLUMN age INT",
        "DROP TABLE IF EXISTS agents",
        "TRUNCATE TABLE agents",
        "LOCK TABLE agents IN ACCESS EXCLUSIVE MODE",
        "EXPLAIN SELECT * FROM agents",
        "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM agents",
        "EXPLAIN QUERY PLAN SELECT * FROM agents",
        "MERGE INTO agents USING updates ON true WHEN MATCHED THEN DELETE",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY agents",
        "CREATE OR REPLACE VIEW agents AS SELECT * FROM people",
        "COPY agents FROM STDIN",
    ] {
        expect(text, Operation::Other, "agents");
    }
}

#[test]
fn several_statements_are_a_batch() {
    expect("SELECT 1; SELECT 2", Operation::Other, "batch");
    expect("BEGIN; LOCK TABLE a", Operation::Other, "batch");
    expect("SELECT * FROM a;", Operation::Select, "a");
    expect(" ; ;SELECT * FROM a ; ; -- the end", Operation::Select, "a");
    expect("SELECT ';' FROM a /* ; */", Operation::Select, "a");
}

#[test]
fn a_query_reads_the_first_table_of_its_from() {
    for text in [
        "SELECT * FROM a JOIN b USING (id)",
        "SELECT * FROM a, b",
        "SELECT (SELECT max(id) FROM b) FROM a",
        "SELECT * FROM (SELECT * FROM a) x JOIN b ON true",
        "SELECT * FROM (a JOIN b ON a.id = b.id)",
        "(SELECT * FROM a) UNION (SELECT * FROM b)",
        "SELECT 1 UNION SELECT id FROM a",
        "SELECT * FROM generate_series(1, 10) g, a",
        "SELECT * FROM json_each('[]') j JOIN a ON a.id = j.value",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM a)",
        "SELECT EXTRACT(year FROM born) FROM a",
        "SELECT TRIM(BOTH ' ' FROM name), x IS DISTINCT FROM y FROM a",
        "SELECT x IS NOT DISTINCT FROM y FROM a WHERE u IS DISTINCT FROM v",
        "SELECT DISTINCT id FROM a",
        "SELECT * FROM a WHERE id IN (SELECT id FROM b) FOR UPDATE",
        "SELECT * FROM a, LATERAL (SELECT * FROM b) x",
        "SELECT * FROM s.a",
        "SELECT * FROM db . s . a AS b",
        "SELECT \"from\" FROM a",
        "SELECT 'it''s FROM b' FROM a",
        "SELECT * /* FROM b */ FROM -- b\n a",
    ] {
        expect(text, Operation::Select, "a");
    }
}

#[test]
fn what_with_names_is_no_table() {
    expect("WITH x AS (SELECT * FROM a) SELECT * FROM x", Operation::Select, "a");
    expect("WITH x AS (SELECT 1) SELECT * FROM x JOIN a ON true", Operation::Select, "a");
    expect("WITH x AS (SELECT * FROM b) SELECT * FROM a JOIN x ON true", Operation::Select, "a");
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let text = "WITH a AS (SELECT * FROM a) SELECT * FROM a";
        expect_in(dialect, text, Operation::Select, "a");
    }
    expect(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
        Operation::Select,
        "unknown",
    );
    expect(
        "WITH RECURSIVE t AS (SELECT * FROM t JOIN a ON true), u AS (SELECT 1) SELECT * FROM u, t",
        Operation::Select,
        "a",
    );
    expect("WITH x AS (SELECT * FROM b) DELETE FROM a USING x", Operation::Delete, "a");
    expect("WITH x AS (SELECT * FROM b) INSERT INTO a SELECT * FROM x", Operation::Insert, "a");
}

#[test]
fn a_with_that_writes_is_no_reading() {
    expect(
        "WITH gone AS (DELETE FROM a WHERE id = 1 RETURNING *) SELECT * FROM gone",
        Operation::Delete,
        "a",
    );
    expect(
        "WITH x AS MATERIALIZED (SELECT 1), y AS (INSERT INTO a SELECT * FROM x RETURNING *)
         SELECT count(*) FROM y",
        Operation::Insert,
        "a",
    );
}

#[test]
fn a_statement_that_writes_is_about_its_target() {
    expect("INSERT INTO a SELECT * FROM b", Operation::Insert, "a");
    expect("INSERT OR IGNORE INTO a VALUES (1)", Operation::Insert, "a");
    expect("INSERT INTO a(id) VALUES (1) ON CONFLICT DO UPDATE SET id = 2", Operation::Insert, "a");
    expect("UPDATE a SET x = b.x FROM b WHERE a.id = b.id", Operation::Update, "a");
    expect("UPDATE OR ROLLBACK a SET x = 1", Operation::Update, "a");
    expect_in(Dialect::Postgres, "DELETE FROM ONLY a USING b", Operation::Delete, "a");
    expect_in(Dialect::MySql, "INSERT IGNORE a SET x = 1", Operation::Insert, "a");
    expect_in(Dialect::MySql, "DELETE x FROM a AS x JOIN b ON 1", Operation::Delete, "a");
    expect_in(Dialect::MySql, "UPDATE LOW_PRIORITY a JOIN b SET a.x = 1", Operation::Update, "a");
}

#[test]
fn names_lose_quotes_schema_and_the_case_that_does_not_count() {
    expect("SELECT * FROM \"Agents\"", Operation::Select, "Agents");
    expect("SELECT * FROM `Agents`", Operation::Select, "Agents");
    expect("SELECT * FROM \"public\".\"Agents\"", Operation::Select, "Agents");
    expect_in(Dialect::Sqlite, "SELECT * FROM [my table]", Operation::Select, "my table");
    expect_in(Dialect::Postgres, "SELECT * FROM Agents", Operation::Select, "agents");
    expect_in(Dialect::Sqlite, "SELECT * FROM Agents", Operation::Select, "agents");
    expect_in(Dialect::MySql, "SELECT * FROM Agents", Operation::Select, "Agents");
    expect("SELECT * FROM größen", Operation::Select, "größen");
}

#[test]
fn what_is_no_usual_name_is_unknown() {
    expect("SELECT * FROM ?", Operation::Select, "unknown");
    expect("SELECT * FROM $1", Operation::Select, "unknown");
    expect("SELECT * FROM \"a\nb\"", Operation::Select, "unknown");
    expect("SELECT * FROM \"a; DROP TABLE b\"", Operation::Select, "unknown");
    expect("SELECT * FROM \"\"", Operation::Select, "unknown");
    expect(&format!("SELECT * FROM {}", "a".repeat(1_000)), Operation::Select, "unknown");
    expect("SELECT * FROM WHERE", Operation::Select, "unknown");
    expect("", Operation::Other, "unknown");
    expect("gibberish FROM a", Operation::Other, "unknown");
}

#[test]
fn each_dialect_has_its_own_strings_and_comments() {
    expect_in(Dialect::Postgres, "SELECT $x$ FROM b $x$ FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, "SELECT $$ FROM b $$ FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, r"SELECT E'\' FROM b' FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, r"SELECT '\' FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, "SELECT /* /* */ FROM b */ 1 FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, "SELECT data #> '{x}' FROM a", Operation::Select, "a");
    expect_in(Dialect::Postgres, "SELECT tags[1] FROM a", Operation::Select, "a");
    expect_in(Dialect::Sqlite, "SELECT /* /* */ 1 FROM a", Operation::Select, "a");
    expect_in(Dialect::Sqlite, "SELECT [it's] FROM a", Operation::Select, "a");
    expect_in(Dialect::Sqlite, "SELECT $name FROM a", Operation::Select, "a");
    expect_in(Dialect::MySql, r"SELECT '\' FROM b' FROM a", Operation::Select, "a");
    expect_in(Dialect::MySql, "SELECT 1 # FROM b\n FROM a", Operation::Select, "a");
    expect_in(Dialect::MySql, "SELECT 1--1 FROM a", Operation::Select, "a");
    expect_in(Dialect::MySql, r#"SELECT "\" FROM b" FROM a"#, Operation::Select, "a");
}
