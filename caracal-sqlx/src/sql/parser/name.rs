//! Names of tables.

use super::Parser;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;
use crate::sql::unicode;

/// What a database allows for a name, and some more.
const LONGEST_NAME: usize = 128;

/// Something after `FROM`, `INTO` and the like.
#[derive(Debug)]
pub(super) enum Name {
    /// It has a label's text.
    Table(String),
    /// It has none: a parameter, or a name that nobody would give.
    Unreadable,
}

impl Name {
    pub(super) fn table(self) -> Option<String> {
        match self {
            Self::Table(name) => Some(name),
            Self::Unreadable => None,
        }
    }
}

impl Parser<'_> {
    /// A table that is read: neither a function, nor what a `WITH` has named.
    pub(super) fn relation(&mut self) -> Option<String> {
        if self.dialect.has_dual()
            && matches!(self.token, Some(Token::Word(word)) if word.eq_ignore_ascii_case("DUAL"))
        {
            self.bump();
            return None;
        }
        let (name, is_qualified) = self.qualified_name()?;
        let name = name.table()?;
        let is_function = self.at(b'(');
        // What a `WITH` has named is in no schema.
        let is_named_here = !is_qualified && self.with.has(&name);
        (!is_function && !is_named_here).then_some(name)
    }

    /// A table that is written or defined.
    pub(super) fn target(&mut self) -> Option<String> {
        self.name()?.table()
    }

    /// A target that may be in parentheses: PostgreSQL's `ONLY (t)`, or the first of the tables that
    /// a statement of MySQL's joins.
    pub(super) fn first_target(&mut self) -> Option<String> {
        while self.accept(b'(') {}
        self.target()
    }

    /// A name, of which the last part counts: `schema.table`.
    pub(super) fn name(&mut self) -> Option<Name> {
        self.qualified_name().map(|(name, _)| name)
    }

    /// The same, and whether there were parts before the last.
    fn qualified_name(&mut self) -> Option<(Name, bool)> {
        let (mut last, mut is_qualified) = (self.part()?, false);
        self.bump();
        while self.accept(b'.') {
            is_qualified = true;
            match self.part() {
                Some(part) => {
                    last = part;
                    self.bump();
                }
                None => return Some((Name::Unreadable, is_qualified)),
            }
        }
        Some((last, is_qualified))
    }

    fn part(&self) -> Option<Name> {
        Some(match self.token? {
            Token::Word(word) if !self.is_after_dot() && self.ends_name(word) => return None,
            Token::Word(word) if self.dialect.folds_case() => named(word, str::to_ascii_lowercase),
            Token::Word(name) | Token::Quoted(name) => named(name, str::to_owned),
            Token::Escaped(content, escape) => {
                match unicode::decode(content, escape, LONGEST_NAME) {
                    Some(name) => named(&name, str::to_owned),
                    None => Name::Unreadable,
                }
            }
            Token::Literal | Token::Symbol(_) => return None,
        })
    }

    /// Whether a word stands where a table should, when there is none.
    fn ends_name(&self, word: &str) -> bool {
        match Keyword::of(word) {
            Some(Keyword::Set | Keyword::Values) => self.dialect.reserves_set_and_values(),
            Some(keyword) => is_reserved(keyword),
            None => false,
        }
    }
}

fn named(name: &str, folded: impl Fn(&str) -> String) -> Name {
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_usual) {
        return Name::Unreadable;
    }
    Name::Table(folded(name))
}

/// Whether a name in quotes is one that somebody would give to a table.
fn is_usual(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '.' | ' ' | '#' | '@')
}

/// Whether every database reserves a keyword that may follow a table.
fn is_reserved(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
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
            | K::Returning
            | K::With
            | K::Into
            | K::Distinct
            | K::Table
            | K::Not
            | K::Or
    )
}
