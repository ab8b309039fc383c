//! Semicolons in one statement.

use super::Dialect::{MySql, Postgres, Sqlite};
use super::Operation::{Other, Select};
use super::{expect, expect_in};

#[test]
fn the_actions_of_a_rule_are_in_parentheses() {
    let postgres = |text, table| expect_in(Postgres, text, Other, table);
    postgres("CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c)", "a");
    postgres("CREATE RULE r AS ON INSERT TO a DO ALSO (a; b);", "a");
    postgres("CREATE OR REPLACE RULE r AS ON UPDATE TO s.a DO INSTEAD (DELETE FROM b; )", "a");
    let condition = "CREATE RULE r AS ON DELETE TO a WHERE (old.x > 1) DO (NOTIFY b; SELECT 1)";
    postgres(condition, "a");
    postgres("CREATE RULE r AS ON SELECT TO a DO INSTEAD SELECT * FROM b", "a");
    postgres("CREATE RULE r AS ON INSERT TO a DO NOTHING", "a");
    postgres("DROP RULE r ON a", "a");
    postgres("CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b); DELETE FROM c", "batch");
}

#[test]
fn a_routine_of_postgres_may_have_a_body_of_statements() {
    let head = "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql";
    for (body, table) in [
        ("BEGIN ATOMIC SELECT 1; SELECT 2; END", "unknown"),
        ("BEGIN ATOMIC SELECT CASE WHEN x THEN 1 END; END", "unknown"),
        (
            "BEGIN ATOMIC SELECT y.end, CASE y.case WHEN 1 THEN 2 END FROM y; SELECT 2; END;",
            "unknown",
        ),
        ("BEGIN ATOMIC SELECT 1; END; SELECT 2", "batch"),
        ("AS $$ BEGIN x := 1; END $$", "unknown"),
        ("AS $$ BEGIN x := 1; END $$; SELECT 2", "batch"),
        ("RETURN x + 1; SELECT 2", "batch"),
    ] {
        expect_in(Postgres, &format!("{head} {body}"), Other, table);
    }
    expect_in(Postgres, "CREATE PROCEDURE p() BEGIN ATOMIC DELETE FROM a; END", Other, "unknown");
    let events = "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()";
    expect_in(Postgres, events, Other, "unknown");
    expect_in(Postgres, &format!("{events}; SELECT 1"), Other, "batch");
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()";
    expect_in(Postgres, trigger, Other, "a");
    expect_in(Postgres, &format!("{trigger}; SELECT 1"), Other, "batch");
}

#[test]
fn a_trigger_of_sqlite_ends_with_end() {
    let head = "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER UPDATE OF x ON a WHEN new.x > 1";
    for (body, table) in [
        ("BEGIN DELETE FROM b; DELETE FROM c; END", "a"),
        ("BEGIN UPDATE b SET x = CASE WHEN new.x THEN 1 ELSE 2 END; END;", "a"),
        // In SQLite, `end` and `begin` are also names.
        ("BEGIN UPDATE end SET end = begin; SELECT end FROM b; END", "a"),
        ("BEGIN DELETE FROM b; END; DELETE FROM c", "batch"),
        (
            "BEGIN DELETE FROM b; END; CREATE TRIGGER u AFTER INSERT ON b BEGIN SELECT 1; END",
            "batch",
        ),
    ] {
        expect_in(Sqlite, &format!("{head} {body}"), Other, table);
    }
    expect_in(Sqlite, "DROP TRIGGER t; DELETE FROM a", Other, "batch");
}

#[test]
fn a_routine_of_mysql_may_be_a_compound_statement() {
    let head = "CREATE DEFINER = `x`@`%` TRIGGER t BEFORE INSERT ON a FOR EACH ROW";
    for (body, table) in [
        ("SET NEW.x = 1", "a"),
        ("SET NEW.x = 1; DELETE FROM b", "batch"),
        ("BEGIN SET NEW.x = 1; DELETE FROM b; END", "a"),
        ("BEGIN SET NEW.x = 1; END; DELETE FROM b", "batch"),
        (
            "BEGIN IF NEW.x THEN SET NEW.y = 1; ELSEIF 2 THEN SET NEW.y = 2; END IF; DELETE FROM b; END",
            "a",
        ),
        (
            "BEGIN SET NEW.x = IF(NEW.y, CASE WHEN 1 THEN IF(2, 3, 4) END, 5); DELETE FROM b; END",
            "a",
        ),
        ("IF NEW.x THEN SET NEW.y = 1; DELETE FROM b; END IF", "a"),
        ("IF NEW.x THEN SET NEW.y = 1; END IF; DELETE FROM b", "batch"),
        ("BEGIN SET NEW.x = NEW.end; SET NEW.y = REPEAT('x', 3); DELETE FROM b; END", "a"),
    ] {
        expect_in(MySql, &format!("{head} {body}"), Other, table);
    }
    for (text, table) in [
        (
            "CREATE PROCEDURE p(IN x INT) BEGIN l: LOOP SET x = 1; LEAVE l; END LOOP l; END",
            "unknown",
        ),
        (
            "CREATE PROCEDURE p() DETERMINISTIC BEGIN WHILE x DO SET x = 0; END WHILE; SELECT 1; END",
            "unknown",
        ),
        ("CREATE PROCEDURE p() REPEAT SET x = 1; UNTIL x END REPEAT", "unknown"),
        ("CREATE PROCEDURE p() CASE x WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE", "unknown"),
        ("CREATE PROCEDURE p() BEGIN SELECT 1; END; CALL p()", "batch"),
        ("CREATE FUNCTION f() RETURNS INT RETURN IF(1, 2, 3); SELECT f()", "batch"),
        (
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END",
            "unknown",
        ),
        ("ALTER EVENT e DO BEGIN DELETE FROM a; DELETE FROM b; END", "unknown"),
        ("BEGIN NOT ATOMIC DELETE FROM a; DELETE FROM b; END", "unknown"),
    ] {
        expect_in(MySql, text, Other, table);
    }
}

#[test]
fn begin_alone_begins_a_transaction() {
    expect("BEGIN; DELETE FROM a; END", Other, "batch");
    expect("BEGIN", Other, "unknown");
    expect("SELECT CASE WHEN a THEN b END FROM c", Select, "c");
}
