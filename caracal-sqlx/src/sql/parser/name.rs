//! Names of tables.

use super::Parser;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;

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
        let (name, is_qualified) = self.qualified_name()?;
        let name = name.table()?;
        let is_function = self.at(b'(');
        // What a `WITH` has named is in no schema.
        let is_named_here = !is_qualified && self.with.contains(&name.to_lowercase());
        (!is_function && !is_named_here).then_some(name)
    }

    /// A table that is written or defined.
    pub(super) fn target(&mut self) -> Option<String> {
        self.name()?.table()
    }

    /// The first of the tables that a statement of MySQL's may join in the place of its target.
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
