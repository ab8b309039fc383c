//! The differences between the SQL of the databases.

/// The SQL of one database: how quotes, comments and names in a statement are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL, and databases with the same SQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// MySQL and MariaDB.
    MySql,
}

impl Dialect {
    /// `#` begins a comment, and `--` only before white space.
    pub(super) fn has_hash_comments(self) -> bool {
        self == Self::MySql
    }

    pub(super) fn nests_comments(self) -> bool {
        self == Self::Postgres
    }

    /// A backslash escapes the quote after it, in every string.
    pub(super) fn has_backslash_escapes(self) -> bool {
        self == Self::MySql
    }

    /// `E'…'` is a string with backslash escapes, `U&'…'` and `U&"…"` have Unicode escapes.
    pub(super) fn has_prefixed_escapes(self) -> bool {
        self == Self::Postgres
    }

    pub(super) fn has_dollar_quotes(self) -> bool {
        self == Self::Postgres
    }

    /// `[name]` is a quoted name.
    pub(super) fn has_bracketed_names(self) -> bool {
        self == Self::Sqlite
    }

    /// `INSERT DELAYED`, `UPDATE LOW_PRIORITY` and similar modifiers. In the other dialects, such words are names.
    pub(super) fn has_modifiers(self) -> bool {
        self == Self::MySql
    }

    /// `FROM DUAL` does not read a table. In the other dialects, `DUAL` is a name.
    pub(super) fn has_dual(self) -> bool {
        self == Self::MySql
    }

    /// `ONLY` excludes the tables that inherit from a table. In the other dialects, it is a name.
    pub(super) fn has_only(self) -> bool {
        self == Self::Postgres
    }

    /// `LATERAL` is reserved.
    pub(super) fn has_lateral(self) -> bool {
        self != Self::Sqlite
    }

    /// `ROWS FROM (…)` is a list of functions.
    pub(super) fn has_rows_from(self) -> bool {
        self == Self::Postgres
    }

    /// `SET` and `VALUES` may be names of tables.
    pub(super) fn reserves_set_and_values(self) -> bool {
        self != Self::Postgres
    }

    /// A query of a `WITH` may read the names of the same `WITH`, with or without `RECURSIVE`.
    pub(super) fn is_always_recursive(self) -> bool {
        self == Self::Sqlite
    }

    /// A query of a recursive `WITH` may read a name that is defined later.
    pub(super) fn has_forward_references(self) -> bool {
        self != Self::MySql
    }

    /// `Users` and `users` are one table. In MySQL, this depends on the file system.
    pub(super) fn folds_case(self) -> bool {
        self != Self::MySql
    }
}
