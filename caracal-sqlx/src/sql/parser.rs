//! Reads just so much of a statement's grammar as it takes to say what it does and to which table.
//!
//! Nothing is an error: what can't be read is skipped, one token at a time, so that the work is
//! linear in the length of the text.

use std::collections::HashSet;

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::dialect::Dialect;
use super::keyword::Keyword;
use super::lexer::{Lexer, Token};
use super::{BATCH, Statement};

/// What is nested deeper is skipped, before the stack ends.
const DEEPEST: usize = 64;
/// What a database allows for a name, and some more.
const LONGEST_NAME: usize = 128;

/// Reads a text.
pub(crate) fn classify(text: &str, dialect: Dialect) -> Statement {
    Parser::new(text, dialect).text()
}

#[derive(Debug)]
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    dialect: Dialect,
    /// The token to be read next.
    token: Option<Token<'a>>,
    depth: usize,
    /// How many statements are being read inside each other.
    nesting: usize,
    /// The names that `WITH` gave to queries: no tables.
    with: HashSet<String>,
}

/// Something after `FROM`, `INTO` and the like.
#[derive(Debug)]
enum Name {
    /// It has a label's text.
    Table(String),
    /// It has none: a parameter, or a name that nobody would give.
    Unreadable,
}

impl Name {
    fn table(self) -> Option<String> {
        match self {
            Self::Table(name) => Some(name),
            Self::Unreadable => None,
        }
    }
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let mut lexer = Lexer::new(text, dialect);
        let token = lexer.next();
        Self { lexer, dialect, token, depth: 0, nesting: 0, with: HashSet::new() }
    }

    pub(super) fn text(&mut self) -> Statement {
        self.skip_semicolons();
        let statement = self.statement();
        self.skip_rest();
        self.skip_semicolons();
        if self.token.is_none() {
            return statement;
        }
        Statement { operation: Operation::Other, table: Some(BATCH.to_owned()) }
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.lexer.steps
    }

    // Tokens.

    fn bump(&mut self) {
        self.token = self.lexer.next();
    }

    fn keyword(&self) -> Option<Keyword> {
        match self.token? {
            Token::Word(word) => Keyword::of(word),
            _ => None,
        }
    }

    fn at(&self, symbol: u8) -> bool {
        self.token == Some(Token::Symbol(symbol))
    }

    fn accept(&mut self, symbol: u8) -> bool {
        let found = self.at(symbol);
        if found {
            self.bump();
        }
        found
    }

    fn accept_any(&mut self, keywords: &[Keyword]) -> bool {
        let found = self.keyword().is_some_and(|keyword| keywords.contains(&keyword));
        if found {
            self.bump();
        }
        found
    }

    fn skip_all(&mut self, keywords: &[Keyword]) {
        while self.accept_any(keywords) {}
    }

    fn skip_semicolons(&mut self) {
        while self.accept(b';') {}
    }

    /// Whether the statement, or the parentheses that it is in, end here.
    fn at_end(&self) -> bool {
        match self.token {
            None => true,
            Some(Token::Symbol(b')')) => self.depth > 0,
            // Inside parentheses a semicolon is a mistake of the author's.
            Some(Token::Symbol(b';')) => self.depth == 0,
            _ => false,
        }
    }

    /// Moves to the end of the statement, or of the parentheses that it is in.
    fn skip_rest(&mut self) {
        let mut open = 0_usize;
        while open > 0 || !self.at_end() {
            match self.token {
                None => return,
                Some(Token::Symbol(b'(')) if self.depth > 0 => open += 1,
                Some(Token::Symbol(b')')) if self.depth > 0 => open -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    /// Reads what stands between parentheses, the first of which is the next token.
    fn in_parentheses<T: Default>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.bump();
        self.depth += 1;
        let read = if self.depth > DEEPEST { T::default() } else { read(self) };
        self.skip_rest();
        self.depth -= 1;
        self.accept(b')');
        read
    }

    // Statements.

    fn statement(&mut self) -> Statement {
        if self.nesting == DEEPEST {
            return other(None);
        }
        self.nesting += 1;
        let statement = self.statement_at_hand();
        self.nesting -= 1;
        statement
    }

    fn statement_at_hand(&mut self) -> Statement {
        use Keyword as K;
        let Some(keyword) = self.keyword() else {
            let query = self.at(b'(');
            return if query { self.query(false) } else { other(None) };
        };
        match keyword {
            K::With => {
                self.bump();
                self.with()
            }
            K::Select | K::Values => self.query(false),
            K::Table => {
                self.bump();
                Statement { operation: Operation::Select, table: self.relation() }
            }
            K::Insert | K::Replace => {
                self.bump();
                self.insert()
            }
            K::Update => {
                self.bump();
                self.conflict_clause();
                self.skip_all(&[K::LowPriority, K::Ignore, K::Only]);
                Statement { operation: Operation::Update, table: self.first_target() }
            }
            K::Delete => {
                self.bump();
                self.delete()
            }
            K::Merge => {
                self.bump();
                self.skip_all(&[K::Into, K::Only]);
                other(self.target())
            }
            _ => {
                self.bump();
                other(self.command(keyword))
            }
        }
    }

    /// `OR REPLACE`, `OR IGNORE` and so on, of SQLite.
    fn conflict_clause(&mut self) {
        if self.accept_any(&[Keyword::Or]) {
            self.bump();
        }
    }

    fn insert(&mut self) -> Statement {
        use Keyword as K;
        self.conflict_clause();
        self.skip_all(&[K::LowPriority, K::Delayed, K::HighPriority, K::Ignore, K::Into]);
        Statement { operation: Operation::Insert, table: self.target() }
    }

    fn delete(&mut self) -> Statement {
        use Keyword as K;
        self.skip_all(&[K::LowPriority, K::Quick, K::Ignore]);
        // MySQL's `DELETE a, b FROM …` names tables by the aliases that follow.
        while !self.at_end() && self.keyword() != Some(K::From) {
            self.bump();
        }
        self.skip_all(&[K::From, K::Only]);
        Statement { operation: Operation::Delete, table: self.first_target() }
    }

    fn with(&mut self) -> Statement {
        use Keyword as K;
        let recursive = self.accept_any(&[K::Recursive]);
        let mut written = None;
        let mut read = None;
        while let Some(name) = self.name() {
            let name = name.table().map(|name| name.to_lowercase());
            if recursive {
                self.with.extend(name.clone());
            }
            if self.at(b'(') {
                self.in_parentheses(|_| ());
            }
            self.skip_all(&[K::As, K::Not, K::Materialized]);
            if self.at(b'(') {
                let query = self.in_parentheses(|parser| Some(parser.statement()));
                if let Some(query) = query {
                    match query.operation {
                        Operation::Select => read = read.or(query.table),
                        _ => written = written.or(Some(query)),
                    }
                }
            }
            // Without `RECURSIVE` a query of the same name as a table may read the table.
            self.with.extend(name);
            // `SEARCH` and `CYCLE`.
            while !self.at_end() && !self.at(b',') && !self.at(b'(') && !self.at_statement() {
                self.bump();
            }
            if !self.accept(b',') {
                break;
            }
        }
        let main = self.statement();
        match (main.operation, written) {
            // A query that writes on the way is no mere reading.
            (Operation::Select, Some(written)) => written,
            (operation, _) => Statement { operation, table: main.table.or(read) },
        }
    }

    /// Whether a keyword comes next that begins what may follow a `WITH`.
    fn at_statement(&self) -> bool {
        use Keyword as K;
        matches!(
            self.keyword(),
            Some(
                K::Select
                    | K::Values
                    | K::Table
                    | K::Insert
                    | K::Replace
                    | K::Update
                    | K::Delete
                    | K::Merge
                    | K::With
            )
        )
    }

    /// DDL and commands: the table that they are about.
    fn command(&mut self, command: Keyword) -> Option<String> {
        use Keyword as K;
        match command {
            K::Create | K::Alter | K::Drop => self.definition(command == K::Create),
            K::Truncate | K::Lock => {
                self.skip_all(&[K::Table, K::Tables, K::Only]);
                self.target()
            }
            K::Refresh => {
                self.skip_all(&[K::Materialized, K::View, K::Concurrently]);
                self.target()
            }
            K::Copy if !self.at(b'(') => self.target(),
            K::Explain => {
                self.skip_all(&[K::Query, K::Plan, K::Analyze, K::Verbose]);
                if self.at(b'(') {
                    // Options, unless there is nothing after it.
                    let read = self.in_parentheses(|parser| parser.statement().table);
                    if !self.at_statement() {
                        return read;
                    }
                }
                while !self.at_end() && !self.at_statement() {
                    self.bump();
                }
                self.statement().table
            }
            _ => None,
        }
    }

    /// What follows `CREATE`, `ALTER` and `DROP`.
    fn definition(&mut self, creates: bool) -> Option<String> {
        use Keyword as K;
        // `TEMPORARY`, `OR REPLACE`, `UNIQUE` and so on, up to what is defined.
        let kind = loop {
            match self.keyword() {
                _ if self.at_end() => return None,
                Some(
                    kind @ (K::Table
                    | K::View
                    | K::Index
                    | K::Trigger
                    | K::Procedure
                    | K::Function
                    | K::Event),
                ) => break kind,
                _ => self.bump(),
            }
        };
        self.bump();
        self.skip_all(&[K::Concurrently, K::If, K::Not, K::Exists, K::Only]);
        match kind {
            K::Table | K::View => self.target(),
            K::Index => {
                self.skip_to_on();
                self.skip_all(&[K::On, K::Only]);
                self.target()
            }
            K::Trigger => {
                self.skip_to_on();
                self.skip_all(&[K::On]);
                let table = self.target();
                if creates {
                    self.skip_body();
                }
                table
            }
            _ => {
                if creates {
                    self.skip_body();
                }
                None
            }
        }
    }

    fn skip_to_on(&mut self) {
        while !self.at_end() && self.keyword() != Some(Keyword::On) {
            self.bump();
        }
    }

    /// The statements between `BEGIN` and `END` belong to the one that defines them, which is
    /// alone in its text.
    fn skip_body(&mut self) {
        while self.token.is_some() {
            self.bump();
        }
    }

    // Queries.

    /// A query up to its end: the first table of its `FROM`, or of what it reads elsewhere.
    /// `from`: it stands after a `FROM` itself, in parentheses.
    fn query(&mut self, from: bool) -> Statement {
        use Keyword as K;
        let mut is_query = false;
        let mut in_from = from;
        let mut expected = from;
        let mut distinct = false;
        let mut table = None;
        let mut aside = None;
        let mut reached = from;
        while !self.at_end() {
            if expected && !self.at(b'(') {
                expected = false;
                if self.accept_any(&[K::Only, K::Lateral]) {
                    expected = true;
                    continue;
                }
                let found = self.relation();
                table = table.or(found);
                // What is no name is read again, below.
            }
            match self.token {
                Some(Token::Symbol(b'(')) => {
                    let inner = self.in_parentheses(|parser| parser.operand(expected));
                    expected = false;
                    if reached {
                        table = table.or(inner);
                    } else {
                        aside = aside.or(inner);
                    }
                    continue;
                }
                Some(Token::Symbol(b',')) if in_from => expected = true,
                Some(Token::Word(_)) => match self.keyword() {
                    Some(K::Select) => {
                        is_query = true;
                        in_from = false;
                    }
                    // Not the one of `EXTRACT(… FROM …)` or `IS DISTINCT FROM`.
                    Some(K::From) if is_query && !distinct => {
                        in_from = true;
                        expected = true;
                        reached = true;
                    }
                    // MySQL knows `SELECT STRAIGHT_JOIN` as well.
                    Some(K::Join | K::StraightJoin) if in_from => expected = true,
                    Some(
                        K::Where
                        | K::Group
                        | K::Having
                        | K::Order
                        | K::Limit
                        | K::Offset
                        | K::Fetch
                        | K::For
                        | K::Window
                        | K::Union
                        | K::Intersect
                        | K::Except,
                    ) => in_from = false,
                    _ => {}
                },
                _ => {}
            }
            // `expected` may have read the last token.
            distinct = self.keyword() == Some(K::Distinct);
            if !self.at_end() {
                self.bump();
            }
        }
        Statement { operation: Operation::Select, table: table.or(aside) }
    }

    /// The table of what stands between parentheses.
    fn operand(&mut self, from: bool) -> Option<String> {
        if self.at_statement() {
            return self.statement().table;
        }
        self.query(from).table
    }

    // Names.

    /// A table that is read: neither a function, nor what a `WITH` has named.
    fn relation(&mut self) -> Option<String> {
        let name = self.name()?;
        let name = name.table()?;
        let is_function = self.at(b'(');
        (!is_function && !self.with.contains(&name.to_lowercase())).then_some(name)
    }

    /// A table that is written or defined.
    fn target(&mut self) -> Option<String> {
        self.name()?.table()
    }

    /// The first of the tables that a statement of MySQL's may join in the place of its target.
    fn first_target(&mut self) -> Option<String> {
        while self.accept(b'(') {}
        self.target()
    }

    /// A name, of which the last part counts: `schema.table`.
    fn name(&mut self) -> Option<Name> {
        let mut last = self.part()?;
        self.bump();
        while self.accept(b'.') {
            match self.part() {
                Some(part) => {
                    last = part;
                    self.bump();
                }
                None => return Some(Name::Unreadable),
            }
        }
        Some(last)
    }

    fn part(&self) -> Option<Name> {
        let (name, folds) = match self.token? {
            Token::Word(word) if ends_name(word) => return None,
            Token::Word(word) => (word, self.dialect.folds_case()),
            Token::Quoted(name) => (name, false),
            _ => return None,
        };
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_usual) {
            return Some(Name::Unreadable);
        }
        Some(Name::Table(if folds { name.to_ascii_lowercase() } else { name.to_owned() }))
    }
}

fn other(table: Option<String>) -> Statement {
    Statement { operation: Operation::Other, table }
}

/// Whether a name in quotes is one that somebody would give to a table.
fn is_usual(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '.' | ' ' | '#' | '@')
}

/// The words that stand where a table should, when there is none.
fn ends_name(word: &str) -> bool {
    use Keyword as K;
    matches!(
        Keyword::of(word),
        Some(
            K::As
                | K::Select
                | K::From
                | K::Where
                | K::Group
                | K::Having
                | K::Order
                | K::Limit
                | K::Join
                | K::On
                | K::Using
                | K::Union
                | K::Intersect
                | K::Except
                | K::Set
                | K::Values
                | K::Returning
                | K::With
                | K::Into
                | K::Distinct
                | K::Table
                | K::Not
                | K::Or
        )
    )
}
