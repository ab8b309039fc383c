//! Where the databases read a text differently.

/// The SQL of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
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

    /// A backslash takes the meaning from the quote after it, in every string.
    pub(super) fn has_backslash_escapes(self) -> bool {
        self == Self::MySql
    }

    pub(super) fn has_dollar_quotes(self) -> bool {
        self == Self::Postgres
    }

    /// `[name]` is a quoted name.
    pub(super) fn has_bracketed_names(self) -> bool {
        self == Self::Sqlite
    }

    /// `Users` and `users` are one table. To MySQL that depends on the file system.
    pub(super) fn folds_case(self) -> bool {
        self != Self::MySql
    }
}
