//! The keywords that the parser distinguishes.

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
    All "ALL"
    Also "ALSO"
    Alter "ALTER"
    Analyze "ANALYZE"
    As "AS"
    Atomic "ATOMIC"
    Begin "BEGIN"
    Case "CASE"
    Concurrently "CONCURRENTLY"
    Copy "COPY"
    Create "CREATE"
    Data "DATA"
    Database "DATABASE"
    Definer "DEFINER"
    Delayed "DELAYED"
    Delete "DELETE"
    Deterministic "DETERMINISTIC"
    Distinct "DISTINCT"
    Do "DO"
    Domain "DOMAIN"
    Drop "DROP"
    Else "ELSE"
    End "END"
    Event "EVENT"
    Except "EXCEPT"
    Exists "EXISTS"
    Explain "EXPLAIN"
    Extension "EXTENSION"
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
    Instead "INSTEAD"
    Intersect "INTERSECT"
    Into "INTO"
    Invoker "INVOKER"
    Join "JOIN"
    Lateral "LATERAL"
    Limit "LIMIT"
    Lock "LOCK"
    Loop "LOOP"
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
    Repeat "REPEAT"
    Replace "REPLACE"
    Returning "RETURNING"
    Role "ROLE"
    Row "ROW"
    Rows "ROWS"
    Rule "RULE"
    Schema "SCHEMA"
    Select "SELECT"
    Sequence "SEQUENCE"
    Set "SET"
    Sql "SQL"
    StraightJoin "STRAIGHT_JOIN"
    Table "TABLE"
    Tables "TABLES"
    Then "THEN"
    To "TO"
    Trigger "TRIGGER"
    Truncate "TRUNCATE"
    Type "TYPE"
    Union "UNION"
    Update "UPDATE"
    Using "USING"
    Values "VALUES"
    Verbose "VERBOSE"
    View "VIEW"
    Where "WHERE"
    While "WHILE"
    Window "WINDOW"
    With "WITH"
}
