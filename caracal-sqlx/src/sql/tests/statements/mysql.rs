//! MySQL 8.4.

use super::super::Dialect::MySql;
use super::super::Operation::{Delete, Insert, Other, Select, Update};
use super::expect_all;

#[test]
fn reads_and_writes() {
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
fn commands() {
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

/// The commands of owners and administrators, which migrations send.
#[test]
fn administration() {
    expect_all(
        MySql,
        &[
            ("CREATE SPATIAL INDEX i ON a (x)", Other, "a"),
            ("ALTER VIEW a AS SELECT * FROM b", Other, "a"),
            ("DROP VIEW IF EXISTS a, b", Other, "a"),
            ("EXPLAIN FORMAT=JSON INTO @x SELECT * FROM a", Other, "a"),
            ("ALTER DATABASE a CHARACTER SET utf8mb4", Other, "unknown"),
            ("ALTER EVENT e DISABLE", Other, "unknown"),
            ("ALTER INSTANCE ROTATE INNODB MASTER KEY", Other, "unknown"),
            ("ALTER USER a IDENTIFIED BY 'secret' RETAIN CURRENT PASSWORD", Other, "unknown"),
            ("CHECK TABLE a FOR UPGRADE", Other, "unknown"),
            ("CLONE LOCAL DATA DIRECTORY = '/secret'", Other, "unknown"),
            ("CREATE DATABASE IF NOT EXISTS a CHARACTER SET utf8mb4", Other, "unknown"),
            ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a", Other, "unknown"),
            ("CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1", Other, "unknown"),
            ("CREATE ROLE a", Other, "unknown"),
            (
                "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'secret')",
                Other,
                "unknown",
            ),
            ("DESC a", Other, "unknown"),
            ("DROP DATABASE a", Other, "unknown"),
            ("DROP PREPARE p", Other, "unknown"),
            ("DROP TRIGGER IF EXISTS s.t", Other, "unknown"),
            ("GET DIAGNOSTICS @x = NUMBER", Other, "unknown"),
            ("GRANT SELECT (x), INSERT ON a TO b", Other, "unknown"),
            ("HELP 'secret'", Other, "unknown"),
            ("IMPORT TABLE FROM '/secret/*.sdi'", Other, "unknown"),
            ("INSTALL COMPONENT 'secret'", Other, "unknown"),
            ("LOAD XML INFILE '/secret' INTO TABLE a", Other, "unknown"),
            ("REPAIR TABLE a QUICK", Other, "unknown"),
            ("REVOKE ALL PRIVILEGES, GRANT OPTION FROM a", Other, "unknown"),
            ("SHOW CREATE TABLE a", Other, "unknown"),
            ("SHOW WARNINGS LIMIT 5", Other, "unknown"),
            ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret'", Other, "unknown"),
        ],
    );
}
