//! The texts that our reader and sqlparser read differently, with the reasons why ours is right.

use caracal_metrics_core::DatabaseOperationType::{
    self as Operation, Delete, Other, Select, Update,
};

use crate::sql::Dialect::{self, MySql, Postgres, Sqlite};

/// An operation and a table.
pub(super) type Reading = (Operation, &'static str);

pub(super) struct Difference {
    pub(super) dialect: Dialect,
    pub(super) text: &'static str,
    /// `None` if sqlparser fails.
    pub(super) theirs: Option<Reading>,
    pub(super) ours: Reading,
}

const fn wrong(dialect: Dialect, text: &'static str, theirs: Reading, ours: Reading) -> Difference {
    Difference { dialect, text, theirs: Some(theirs), ours }
}

const fn fails(dialect: Dialect, text: &'static str, ours: Reading) -> Difference {
    Difference { dialect, text, theirs: None, ours }
}

pub(super) const DIFFERENCES: &[Difference] = &[
    // It reads `ONLY` as the table.
    wrong(Postgres, "SELECT * FROM ONLY measurements", (Select, "only"), (Select, "measurements")),
    wrong(
        Postgres,
        "UPDATE ONLY measurements SET value = 0",
        (Update, "only"),
        (Update, "measurements"),
    ),
    wrong(
        Postgres,
        "DELETE FROM ONLY measurements WHERE at < $1",
        (Delete, "only"),
        (Delete, "measurements"),
    ),
    // It reads the modifiers of MySQL's `UPDATE` as the table.
    wrong(
        MySql,
        "UPDATE LOW_PRIORITY users SET seen = NOW()",
        (Update, "LOW_PRIORITY"),
        (Update, "users"),
    ),
    wrong(MySql, "UPDATE IGNORE users SET email = ?", (Update, "IGNORE"), (Update, "users")),
    // It does not read a table from the query that is copied.
    wrong(Postgres, "COPY (SELECT * FROM users) TO STDOUT", (Other, "unknown"), (Other, "users")),
    // `DUAL` means that there is no table.
    wrong(MySql, "SELECT 1 FROM DUAL", (Select, "DUAL"), (Select, "unknown")),
    wrong(
        MySql,
        "SELECT x'4D7953514C', 0x4D, b'101' FROM dual",
        (Select, "dual"),
        (Select, "unknown"),
    ),
    // It does not know the statement, in which we read a table.
    fails(Postgres, "TABLE settings", (Select, "settings")),
    fails(MySql, "TABLE settings", (Select, "settings")),
    fails(Postgres, "REFRESH MATERIALIZED VIEW CONCURRENTLY daily", (Other, "daily")),
    fails(
        Postgres,
        "CREATE RULE r AS ON INSERT TO orders DO ALSO (DELETE FROM drafts; UPDATE totals SET n = 1)",
        (Other, "orders"),
    ),
    // It does not know the form of the name or of the list of functions.
    fails(Postgres, r#"SELECT * FROM U&"\0075sers" WHERE id = 1"#, (Select, "users")),
    fails(
        Postgres,
        "SELECT * FROM ROWS FROM (generate_series(1, 2), json_to_recordset('[]') AS (a int)) AS r",
        (Select, "unknown"),
    ),
    // It does not know the body.
    fails(
        Postgres,
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
        (Other, "unknown"),
    ),
    fails(
        MySql,
        "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; SELECT 2; END",
        (Other, "unknown"),
    ),
    // It does not know the statement, and we find no table in it.
    fails(Postgres, "VACUUM ANALYZE users", (Other, "unknown")),
    fails(Postgres, "DO $$ BEGIN PERFORM 1; END $$", (Other, "unknown")),
    fails(Sqlite, "REINDEX notes_by_title", (Other, "unknown")),
    fails(Sqlite, "DETACH DATABASE other", (Other, "unknown")),
    fails(MySql, "OPTIMIZE TABLE users", (Other, "unknown")),
    // It fails on SQLite's pragmas with names as values.
    fails(Sqlite, "PRAGMA journal_mode = WAL", (Other, "unknown")),
    fails(Sqlite, "PRAGMA table_info(notes)", (Other, "unknown")),
    // It does not know the clause.
    fails(
        Postgres,
        "CREATE TEMPORARY TABLE staging (LIKE imports INCLUDING ALL)",
        (Other, "staging"),
    ),
    fails(
        Sqlite,
        "SELECT * FROM tracks INDEXED BY tracks_by_album WHERE album_id = ?",
        (Select, "tracks"),
    ),
    fails(
        Sqlite,
        "SELECT id FROM players WHERE score IS NOT NULL AND name IS NOT 'bot'",
        (Select, "players"),
    ),
    fails(MySql, "SELECT id FROM jobs WHERE id = ? LOCK IN SHARE MODE", (Select, "jobs")),
    fails(
        MySql,
        "UPDATE users, accounts SET users.plan = accounts.plan WHERE accounts.user_id = users.id",
        (Update, "users"),
    ),
    fails(MySql, "CREATE FULLTEXT INDEX ft ON film (title, description)", (Other, "film")),
];
