//! Every kind of statement of the three grammars that an application sends, each as its manual has it.

use super::Dialect::{self, MySql, Postgres, Sqlite};
use super::Operation::{self, Delete, Insert, Other, Select, Update};
use super::read;

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

#[test]
fn postgresql_17_reads_and_writes() {
    expect_all(
        Postgres,
        &[
            ("SELECT FROM a", Select, "a"),
            ("SELECT ALL x FROM a* AS b", Select, "a"),
            ("SELECT DISTINCT ON (x) x, y FROM a ORDER BY x", Select, "a"),
            ("SELECT x INTO TEMP b FROM a", Select, "a"),
            ("SELECT x FROM a FOR NO KEY UPDATE OF a SKIP LOCKED", Select, "a"),
            ("SELECT x FROM a FETCH FIRST 5 ROWS WITH TIES", Select, "a"),
            (
                "SELECT count(*) FILTER (WHERE y) OVER (PARTITION BY x ROWS 1 PRECEDING) FROM a",
                Select,
                "a",
            ),
            ("SELECT sum(x) OVER w FROM a WINDOW w AS (ORDER BY y)", Select, "a"),
            ("SELECT x, sum(y) FROM a GROUP BY GROUPING SETS ((x), ())", Select, "a"),
            ("SELECT substring(x from 1 for 2), overlay(x placing y from 1) FROM a", Select, "a"),
            ("SELECT trim(leading from x), extract(epoch from now()) FROM a", Select, "a"),
            ("SELECT x IS JSON OBJECT, JSON_VALUE(x, '$.from') FROM a", Select, "a"),
            ("SELECT ARRAY(SELECT x FROM b), ROW(1, 2) FROM a", Select, "a"),
            ("SELECT CAST(x AS text), x::b.c FROM a", Select, "a"),
            ("SELECT x AT TIME ZONE 'UTC', x COLLATE \"C\" FROM a", Select, "a"),
            ("SELECT * FROM JSON_TABLE(x, '$[*]' COLUMNS (y int PATH '$.y')) j, a", Select, "a"),
            ("SELECT * FROM a CROSS JOIN LATERAL f(a.x) WITH ORDINALITY", Select, "a"),
            ("SELECT * FROM ((a NATURAL JOIN b) LEFT OUTER JOIN c USING (x) AS j)", Select, "a"),
            ("SELECT * FROM a TABLESAMPLE SYSTEM (1)", Select, "a"),
            (
                "SELECT $1 || x FROM a WHERE x = ANY ($2) AND y BETWEEN SYMMETRIC 2 AND 1",
                Select,
                "a",
            ),
            ("TABLE ONLY a", Select, "a"),
            ("TABLE ONLY (a)", Select, "a"),
            ("SELECT x FROM b UNION TABLE ONLY a", Select, "b"),
            ("COPY (WITH c AS (SELECT * FROM a) SELECT * FROM c) TO STDOUT", Other, "a"),
            ("VALUES (1, 'x'), (2, DEFAULT) ORDER BY 1", Select, "unknown"),
            ("(SELECT x FROM a) INTERSECT ALL (TABLE b) LIMIT 1", Select, "a"),
            ("WITH c AS MATERIALIZED (SELECT * FROM a) SELECT * FROM c", Select, "a"),
            ("WITH c AS NOT MATERIALIZED (SELECT * FROM a) TABLE c", Select, "a"),
            (
                "WITH m AS (MERGE INTO a USING b ON x WHEN MATCHED THEN DELETE RETURNING *) TABLE m",
                Other,
                "a",
            ),
            ("INSERT INTO a DEFAULT VALUES RETURNING id", Insert, "a"),
            ("INSERT INTO a AS t (x) OVERRIDING SYSTEM VALUE SELECT x FROM b", Insert, "a"),
            (
                "INSERT INTO a (x) VALUES (1) ON CONFLICT (x) DO UPDATE SET x = (SELECT y FROM b)",
                Insert,
                "a",
            ),
            ("WITH c AS (SELECT 1) INSERT INTO a TABLE c", Insert, "a"),
            ("UPDATE a t SET (x, y) = (SELECT x, y FROM b) WHERE CURRENT OF cur", Update, "a"),
            ("UPDATE a * SET x = DEFAULT FROM b RETURNING a.*", Update, "a"),
            ("WITH c AS (SELECT * FROM b) UPDATE a SET x = c.x FROM c", Update, "a"),
            ("DELETE FROM a AS t USING b, c WHERE t.x = b.x RETURNING *", Delete, "a"),
            ("WITH c AS (SELECT * FROM b) DELETE FROM a USING c", Delete, "a"),
            (
                "MERGE INTO a t USING (SELECT * FROM b) s ON t.x = s.x WHEN NOT MATCHED BY SOURCE \
              THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1) RETURNING merge_action()",
                Other,
                "a",
            ),
        ],
    );
}

#[test]
fn postgresql_17_commands() {
    expect_all(
        Postgres,
        &[
            ("COPY a (x, y) FROM STDIN WITH (FORMAT csv)", Other, "a"),
            ("COPY (SELECT * FROM a) TO STDOUT", Other, "a"),
            ("COPY (DELETE FROM a RETURNING *) TO STDOUT", Other, "a"),
            ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM a", Other, "unknown"),
            ("FETCH FORWARD 10 FROM c", Other, "unknown"),
            ("MOVE ABSOLUTE 5 IN c", Other, "unknown"),
            ("CLOSE ALL", Other, "unknown"),
            ("CALL p(1, (SELECT x FROM a))", Other, "unknown"),
            ("DO LANGUAGE plpgsql $$ BEGIN DELETE FROM a; END $$", Other, "unknown"),
            ("PREPARE p (int) AS SELECT * FROM a WHERE x = $1", Other, "unknown"),
            ("EXECUTE p (1)", Other, "unknown"),
            ("DEALLOCATE PREPARE ALL", Other, "unknown"),
            ("DISCARD ALL", Other, "unknown"),
            ("LISTEN \"a\"", Other, "unknown"),
            ("NOTIFY a, 'secret'", Other, "unknown"),
            ("UNLISTEN *", Other, "unknown"),
            ("SET LOCAL search_path TO a, b", Other, "unknown"),
            ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", Other, "unknown"),
            ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", Other, "unknown"),
            ("SET CONSTRAINTS ALL DEFERRED", Other, "unknown"),
            ("SET ROLE a", Other, "unknown"),
            ("RESET ALL", Other, "unknown"),
            ("SHOW server_version", Other, "unknown"),
            ("LOCK TABLE ONLY a, b IN SHARE MODE NOWAIT", Other, "a"),
            ("TRUNCATE ONLY a, b RESTART IDENTITY CASCADE", Other, "a"),
            ("EXPLAIN (ANALYZE, FORMAT json) UPDATE a SET x = 1", Other, "a"),
            ("EXPLAIN ANALYZE VERBOSE INSERT INTO a VALUES (1)", Other, "a"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY a WITH NO DATA", Other, "a"),
            ("VACUUM (FULL, ANALYZE) a", Other, "unknown"),
            ("CHECKPOINT", Other, "unknown"),
            ("COMMENT ON TABLE a IS 'secret'", Other, "unknown"),
            ("GRANT SELECT, UPDATE (x) ON TABLE a TO b WITH GRANT OPTION", Other, "unknown"),
            ("REVOKE ALL ON ALL TABLES IN SCHEMA a FROM b", Other, "unknown"),
            ("REINDEX TABLE CONCURRENTLY a", Other, "unknown"),
            (
                "CREATE TABLE a (x int GENERATED ALWAYS AS IDENTITY REFERENCES b (x) ON DELETE CASCADE)",
                Other,
                "a",
            ),
            ("CREATE UNLOGGED TABLE IF NOT EXISTS s.a AS SELECT * FROM b WITH NO DATA", Other, "a"),
            ("CREATE TABLE a PARTITION OF b FOR VALUES FROM (1) TO (2)", Other, "a"),
            ("CREATE FOREIGN TABLE a (x int) SERVER s OPTIONS (table_name 'secret')", Other, "a"),
            ("CREATE MATERIALIZED VIEW a AS SELECT * FROM b", Other, "a"),
            ("CREATE OR REPLACE RECURSIVE VIEW a (x) AS SELECT 1", Other, "a"),
            ("CREATE UNIQUE INDEX CONCURRENTLY ON ONLY a USING gin (x) WHERE y", Other, "a"),
            ("CREATE POLICY p ON a FOR SELECT USING (x = 1)", Other, "unknown"),
            ("CREATE STATISTICS s (ndistinct) ON x, y FROM a", Other, "unknown"),
            ("CREATE PUBLICATION p FOR TABLE a", Other, "a"),
            (
                "CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE OF x ON a DEFERRABLE FOR EACH ROW \
              EXECUTE FUNCTION f()",
                Other,
                "a",
            ),
            (
                "CREATE FUNCTION f(x int) RETURNS TABLE (y int) LANGUAGE sql AS 'SELECT 1 FROM a'",
                Other,
                "unknown",
            ),
            ("CREATE FUNCTION f() RETURNS int RETURN (SELECT x FROM a)", Other, "unknown"),
            ("CREATE TYPE a AS ENUM ('secret')", Other, "unknown"),
            ("CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA a", Other, "unknown"),
            ("CREATE SCHEMA IF NOT EXISTS a AUTHORIZATION b", Other, "unknown"),
            ("CREATE ROLE a LOGIN PASSWORD 'secret'", Other, "unknown"),
            ("CREATE DATABASE a TEMPLATE b", Other, "unknown"),
            (
                "ALTER TABLE IF EXISTS ONLY a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b NOT VALID",
                Other,
                "a",
            ),
            ("ALTER TABLE a ATTACH PARTITION b DEFAULT", Other, "a"),
            ("ALTER INDEX i RENAME TO j", Other, "unknown"),
            ("ALTER SEQUENCE s OWNED BY a.x", Other, "unknown"),
            ("ALTER TYPE e ADD VALUE IF NOT EXISTS 'secret' BEFORE 'x'", Other, "unknown"),
            ("ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO r", Other, "unknown"),
            ("DROP TABLE IF EXISTS a, b CASCADE", Other, "a"),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", Other, "unknown"),
            ("DROP TRIGGER IF EXISTS t ON a RESTRICT", Other, "a"),
            ("DROP OWNED BY a", Other, "unknown"),
        ],
    );
}

#[test]
fn mysql_8_4_reads_and_writes() {
    expect_all(
        MySql,
        &[
            ("SELECT HIGH_PRIORITY SQL_CALC_FOUND_ROWS x FROM a", Select, "a"),
            ("SELECT /*+ MAX_EXECUTION_TIME(1000) */ STRAIGHT_JOIN x FROM a", Select, "a"),
            ("SELECT /*!40001 SQL_NO_CACHE */ * FROM `a`", Select, "a"),
            ("SELECT x FROM a PARTITION (p0, p1) AS t USE INDEX (i) WHERE y", Select, "a"),
            ("SELECT x FROM a FORCE INDEX FOR ORDER BY (i) LOCK IN SHARE MODE", Select, "a"),
            ("SELECT x INTO OUTFILE '/tmp/secret' FROM a", Select, "a"),
            ("SELECT x INTO @y FROM a", Select, "a"),
            ("SELECT 1 FROM DUAL WHERE 1", Select, "unknown"),
            ("SELECT 1 FROM dual, a", Select, "a"),
            ("SELECT * FROM `dual`", Select, "dual"),
            ("SELECT * FROM a LIMIT 5, 10 FOR UPDATE OF a NOWAIT", Select, "a"),
            (
                "SELECT GROUP_CONCAT(DISTINCT x ORDER BY y SEPARATOR ',') FROM a WITH ROLLUP",
                Select,
                "a",
            ),
            ("SELECT MATCH (x) AGAINST ('from b' IN BOOLEAN MODE) FROM a", Select, "a"),
            (
                "SELECT x REGEXP 'from b', x DIV 2, INTERVAL 1 DAY + y, x->>'$.from' FROM a",
                Select,
                "a",
            ),
            ("SELECT * FROM JSON_TABLE(@x, '$[*]' COLUMNS (y INT PATH '$')) j, a", Select, "a"),
            (
                "SELECT EXTRACT(YEAR_MONTH FROM x), SUBSTRING(x FROM 2), TRIM(TRAILING 'x' FROM y) FROM a",
                Select,
                "a",
            ),
            ("TABLE a ORDER BY x LIMIT 1", Select, "a"),
            ("VALUES ROW(1, 2), ROW(3, 4)", Select, "unknown"),
            ("(SELECT x FROM a) UNION DISTINCT (SELECT x FROM b) ORDER BY 1", Select, "a"),
            (
                "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT * FROM c, a",
                Select,
                "a",
            ),
            (
                "INSERT INTO a PARTITION (p0) (x) VALUES (1) AS n ON DUPLICATE KEY UPDATE x = n.x",
                Insert,
                "a",
            ),
            ("INSERT a SET x = 1, y = DEFAULT(y)", Insert, "a"),
            ("INSERT INTO a TABLE b", Insert, "a"),
            ("INSERT IGNORE INTO a (x) SELECT x FROM b", Insert, "a"),
            ("INSERT a () VALUES ()", Insert, "a"),
            ("REPLACE LOW_PRIORITY INTO a SET x = 1", Insert, "a"),
            ("UPDATE IGNORE a PARTITION (p0) SET x = 1 ORDER BY y LIMIT 1", Update, "a"),
            ("UPDATE a AS t, b SET t.x = b.x WHERE t.y = b.y", Update, "a"),
            ("WITH c AS (SELECT * FROM b) UPDATE a JOIN c USING (x) SET a.y = c.y", Update, "a"),
            ("DELETE FROM a PARTITION (p0) WHERE x ORDER BY y LIMIT 1", Delete, "a"),
            ("DELETE LOW_PRIORITY t.* FROM a AS t JOIN b USING (x)", Delete, "a"),
            ("WITH c AS (SELECT * FROM b) DELETE FROM a WHERE x IN (SELECT x FROM c)", Delete, "a"),
        ],
    );
}

#[test]
fn mysql_8_4_commands() {
    expect_all(
        MySql,
        &[
            (
                "LOAD DATA LOCAL INFILE '/secret' REPLACE INTO TABLE a FIELDS TERMINATED BY ','",
                Other,
                "unknown",
            ),
            ("CALL p(@x)", Other, "unknown"),
            ("DO SLEEP(1)", Other, "unknown"),
            ("HANDLER a READ FIRST", Other, "unknown"),
            ("LOCK TABLES a AS t READ, b WRITE", Other, "a"),
            ("LOCK TABLE a READ LOCAL", Other, "a"),
            ("LOCK INSTANCE FOR BACKUP", Other, "unknown"),
            ("UNLOCK TABLES", Other, "unknown"),
            ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", Other, "unknown"),
            ("SET @@SESSION.sql_mode = 'secret', @x = (SELECT 1 FROM a)", Other, "unknown"),
            ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", Other, "unknown"),
            ("SET PASSWORD FOR a = 'secret'", Other, "unknown"),
            ("SHOW FULL COLUMNS FROM a FROM b", Other, "unknown"),
            ("SHOW TABLES LIKE 'secret'", Other, "unknown"),
            ("DESCRIBE a x", Other, "unknown"),
            ("EXPLAIN FORMAT=JSON SELECT * FROM a", Other, "a"),
            ("EXPLAIN ANALYZE DELETE FROM a", Other, "a"),
            ("EXPLAIN FOR CONNECTION 5", Other, "unknown"),
            ("USE a", Other, "unknown"),
            ("PREPARE p FROM 'SELECT * FROM secret'", Other, "unknown"),
            ("EXECUTE p USING @x", Other, "unknown"),
            ("DEALLOCATE PREPARE p", Other, "unknown"),
            ("XA START 'secret'", Other, "unknown"),
            ("KILL QUERY 5", Other, "unknown"),
            ("FLUSH TABLES", Other, "unknown"),
            ("TRUNCATE a", Other, "a"),
            ("RENAME TABLE a TO b", Other, "unknown"),
            ("OPTIMIZE TABLE a", Other, "unknown"),
            ("ANALYZE TABLE a UPDATE HISTOGRAM ON x", Other, "unknown"),
            ("CHECKSUM TABLE a", Other, "unknown"),
            ("CREATE TEMPORARY TABLE IF NOT EXISTS a LIKE b", Other, "a"),
            ("CREATE TABLE a (x INT COMMENT 'secret') ENGINE=InnoDB SELECT * FROM b", Other, "a"),
            ("CREATE FULLTEXT INDEX i ON a (x) ALGORITHM=INPLACE", Other, "a"),
            (
                "CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW a AS SELECT 1",
                Other,
                "a",
            ),
            (
                "CREATE DEFINER=CURRENT_USER TRIGGER t BEFORE INSERT ON a FOR EACH ROW FOLLOWS u SET NEW.x = 1",
                Other,
                "a",
            ),
            ("CREATE USER a IDENTIFIED BY 'secret'", Other, "unknown"),
            ("ALTER TABLE a ADD COLUMN x INT AFTER y, ALGORITHM=INSTANT", Other, "a"),
            ("DROP TEMPORARY TABLE IF EXISTS a, b", Other, "a"),
            ("DROP INDEX i ON a", Other, "a"),
        ],
    );
}

#[test]
fn sqlite() {
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
