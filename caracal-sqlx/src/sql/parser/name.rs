//! Names of tables.

use super::Parser;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;
use crate::sql::unicode;

/// More characters than any database allows in a name.
const LONGEST_NAME: usize = 128;

/// The target of a `FROM`, an `INTO` or a similar keyword.
#[derive(Debug)]
pub(super) enum Name {
    /// A name that can be a label.
    Table(String),
    /// Something that can't be a label: a parameter, or an unusual name.
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
    /// Reads a table that is not a function and not a name of a `WITH`.
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
        // A name of a `WITH` is not in a schema.
        let is_named_here = !is_qualified && self.with.has(&name);
        (!is_function && !is_named_here).then_some(name)
    }

    /// Reads a table that is written or defined.
    pub(super) fn target(&mut self) -> Option<String> {
        self.name()?.table()
    }

    /// Reads a target that may be in parentheses: PostgreSQL's `ONLY (t)`, or the first table of a join in
    /// MySQL.
    pub(super) fn first_target(&mut self) -> Option<String> {
        while self.accept(b'(') {}
        self.target()
    }

    /// Reads a name such as `schema.table`, and returns its last part.
    pub(super) fn name(&mut self) -> Option<Name> {
        self.qualified_name().map(|(name, _)| name)
    }

    /// The same, and whether there were parts in front of the last one.
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

    /// Whether this word can't be a table, so that the statement has none here.
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

/// Whether a quoted name is a usual name of a table.
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
