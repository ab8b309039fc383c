//! The words that the parser acts on.

macro_rules! keywords {
    ($($id:ident $text:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Keyword { $($id,)* }

        impl Keyword {
            pub(super) fn of(word: &str) -> Option<Self> {
                const LONGEST: usize = {
                    let mut longest = 0;
                    $( if $text.len() > longest { longest = $text.len(); } )*
                    longest
                };
                let mut upper = [0; LONGEST];
                let upper = upper.get_mut(..word.len())?;
                upper.copy_from_slice(word.as_bytes());
                upper.make_ascii_uppercase();
                match std::str::from_utf8(upper).ok()? {
                    $( $text => Some(Self::$id), )*
                    _ => None,
                }
            }
        }
    };
}

keywords! {
    Alter "ALTER"
    Analyze "ANALYZE"
    As "AS"
    Concurrently "CONCURRENTLY"
    Copy "COPY"
    Create "CREATE"
    Delayed "DELAYED"
    Delete "DELETE"
    Distinct "DISTINCT"
    Drop "DROP"
    Event "EVENT"
    Except "EXCEPT"
    Exists "EXISTS"
    Explain "EXPLAIN"
    Fetch "FETCH"
    For "FOR"
    From "FROM"
    Full "FULL"
    Function "FUNCTION"
    Group "GROUP"
    Having "HAVING"
    HighPriority "HIGH_PRIORITY"
    If "IF"
    Ignore "IGNORE"
    Index "INDEX"
    Insert "INSERT"
    Intersect "INTERSECT"
    Into "INTO"
    Join "JOIN"
    Lateral "LATERAL"
    Limit "LIMIT"
    Lock "LOCK"
    LowPriority "LOW_PRIORITY"
    Materialized "MATERIALIZED"
    Merge "MERGE"
    Not "NOT"
    Offset "OFFSET"
    On "ON"
    Only "ONLY"
    Or "OR"
    Order "ORDER"
    Plan "PLAN"
    Procedure "PROCEDURE"
    Query "QUERY"
    Quick "QUICK"
    Recursive "RECURSIVE"
    Refresh "REFRESH"
    Replace "REPLACE"
    Returning "RETURNING"
    Select "SELECT"
    Set "SET"
    StraightJoin "STRAIGHT_JOIN"
    Table "TABLE"
    Tables "TABLES"
    Trigger "TRIGGER"
    Truncate "TRUNCATE"
    Union "UNION"
    Update "UPDATE"
    Using "USING"
    Values "VALUES"
    Verbose "VERBOSE"
    View "VIEW"
    Where "WHERE"
    Window "WINDOW"
    With "WITH"
}
