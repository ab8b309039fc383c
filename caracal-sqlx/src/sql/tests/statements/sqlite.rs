//! SQLite.

use super::super::Dialect::Sqlite;
use super::super::Operation::{Delete, Insert, Other, Select, Update};
use super::expect_all;

#[test]
fn statements() {
    expect_all(
        Sqlite,
        &[
            ("SELECT x FROM main.a AS t INDEXED BY i WHERE x = ?1", Select, "a"),
            ("SELECT x FROM a NOT INDEXED WHERE x GLOB 'from b'", Select, "a"),
            ("SELECT * FROM pragma_table_info('secret')", Select, "unknown"),
            ("SELECT * FROM a, json_each(a.x)", Select, "a"),
            ("SELECT x FROM a RIGHT OUTER JOIN b USING (x) LIMIT 1 OFFSET 2", Select, "a"),
            ("SELECT x ->> '$.from', x IS NOT DISTINCT FROM y, x NOTNULL FROM a", Select, "a"),
            (
                "SELECT count(*) OVER (ORDER BY x GROUPS 1 PRECEDING EXCLUDE TIES) FROM a",
                Select,
                "a",
            ),
            ("SELECT string_agg(x, ',' ORDER BY y) FILTER (WHERE z) FROM a", Select, "a"),
            ("SELECT x FROM a EXCEPT SELECT x FROM b", Select, "a"),
            ("VALUES (1, 2), (3, 4)", Select, "unknown"),
            (
                "WITH c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 5) SELECT * FROM c, a",
                Select,
                "a",
            ),
            ("INSERT OR IGNORE INTO a (x) VALUES (:x) RETURNING rowid", Insert, "a"),
            ("INSERT INTO a DEFAULT VALUES", Insert, "a"),
            ("INSERT INTO a SELECT * FROM b WHERE true ON CONFLICT DO NOTHING", Insert, "a"),
            ("REPLACE INTO temp.a VALUES (@x)", Insert, "a"),
            ("UPDATE OR FAIL a AS t SET (x, y) = (1, 2) FROM b WHERE t.x = b.x", Update, "a"),
            ("DELETE FROM a AS t NOT INDEXED WHERE x RETURNING *", Delete, "a"),
            ("WITH c AS (SELECT * FROM b) DELETE FROM a WHERE x IN c", Delete, "a"),
            ("PRAGMA main.journal_mode = WAL", Other, "unknown"),
            ("PRAGMA foreign_key_check(a)", Other, "unknown"),
            ("ATTACH DATABASE 'secret' AS a", Other, "unknown"),
            ("DETACH a", Other, "unknown"),
            ("VACUUM main INTO 'secret'", Other, "unknown"),
            ("ANALYZE a", Other, "unknown"),
            ("REINDEX a", Other, "unknown"),
            ("EXPLAIN QUERY PLAN SELECT * FROM a", Other, "a"),
            ("EXPLAIN UPDATE a SET x = 1", Other, "a"),
            (
                "CREATE TEMP TABLE IF NOT EXISTS a (x TEXT DEFAULT ('secret')) STRICT, WITHOUT ROWID",
                Other,
                "a",
            ),
            ("CREATE TABLE a AS SELECT * FROM b", Other, "a"),
            ("CREATE VIRTUAL TABLE a USING fts5(x, content='secret')", Other, "a"),
            ("CREATE VIEW IF NOT EXISTS a (x) AS SELECT 1 FROM b", Other, "a"),
            (
                "CREATE UNIQUE INDEX IF NOT EXISTS main.i ON a (lower(x) COLLATE NOCASE) WHERE y",
                Other,
                "a",
            ),
            (
                "CREATE TRIGGER t INSTEAD OF UPDATE OF x ON a WHEN new.x BEGIN DELETE FROM b; END",
                Other,
                "a",
            ),
            ("ALTER TABLE a RENAME COLUMN x TO y", Other, "a"),
            ("ALTER TABLE a DROP COLUMN x", Other, "a"),
            ("DROP VIEW IF EXISTS main.a", Other, "a"),
            ("DROP INDEX i", Other, "unknown"),
        ],
    );
}

/// The commands of owners and administrators, which migrations send.
#[test]
fn definitions() {
    expect_all(
        Sqlite,
        &[
            ("ALTER TABLE a RENAME TO b", Other, "a"),
            ("ALTER TABLE main.a ADD COLUMN x INT REFERENCES b (y)", Other, "a"),
            ("DROP TABLE IF EXISTS temp.a", Other, "a"),
            ("DROP TRIGGER IF EXISTS main.t", Other, "unknown"),
            ("EXPLAIN VALUES (1)", Other, "unknown"),
            ("PRAGMA table_list", Other, "unknown"),
        ],
    );
}
