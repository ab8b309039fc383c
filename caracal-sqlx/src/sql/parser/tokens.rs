//! Moving along the tokens of a statement.

use super::{DEEPEST, Parser};
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;

impl Parser<'_> {
    pub(super) fn bump(&mut self) {
        self.previous = self.token;
        self.token = self.following;
        self.following = self.lexer.next();
    }

    /// The keyword that comes next. After a dot, a word is always a name.
    pub(super) fn keyword(&self) -> Option<Keyword> {
        match self.token? {
            Token::Word(word) if !self.is_after_dot() => Keyword::of(word),
            _ => None,
        }
    }

    pub(super) fn following_keyword(&self) -> Option<Keyword> {
        match self.following? {
            Token::Word(word) => Keyword::of(word),
            _ => None,
        }
    }

    pub(super) fn previous_keyword(&self) -> Option<Keyword> {
        match self.previous? {
            Token::Word(word) => Keyword::of(word),
            _ => None,
        }
    }

    pub(super) fn is_after_dot(&self) -> bool {
        self.previous == Some(Token::Symbol(b'.'))
    }

    pub(super) fn at(&self, symbol: u8) -> bool {
        self.token == Some(Token::Symbol(symbol))
    }

    pub(super) fn accept(&mut self, symbol: u8) -> bool {
        let found = self.at(symbol);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn accept_any(&mut self, keywords: &[Keyword]) -> bool {
        let found = self.keyword().is_some_and(|keyword| keywords.contains(&keyword));
        if found {
            self.bump();
        }
        found
    }

    /// Accepts a keyword if this other one follows, which is not accepted.
    pub(super) fn accept_before(&mut self, keyword: Keyword, following: &[Keyword]) -> bool {
        let follows = self.following_keyword().is_some_and(|word| following.contains(&word));
        follows && self.accept_any(&[keyword])
    }

    pub(super) fn skip_only(&mut self) {
        if self.dialect.has_only() {
            self.accept_any(&[Keyword::Only]);
        }
    }

    pub(super) fn skip_modifiers(&mut self) {
        use Keyword as K;
        if self.dialect.has_modifiers() {
            self.skip_all(&[K::LowPriority, K::Delayed, K::HighPriority, K::Quick, K::Ignore]);
        }
    }

    pub(super) fn skip_all(&mut self, keywords: &[Keyword]) {
        while self.accept_any(keywords) {}
    }

    /// Moves to this keyword, or to the end.
    pub(super) fn skip_to(&mut self, keyword: Keyword) {
        while !self.at_end() && self.keyword() != Some(keyword) {
            self.bump();
        }
    }

    pub(super) fn skip_semicolons(&mut self) {
        while self.accept(b';') {}
    }

    /// Whether the statement, or the parentheses around it, end here.
    pub(super) fn at_end(&self) -> bool {
        match self.token {
            None => true,
            Some(Token::Symbol(b')')) => self.depth > 0,
            // A semicolon in parentheses is a mistake in the text.
            Some(Token::Symbol(b';')) => self.depth == 0,
            _ => false,
        }
    }

    /// Moves to the end of the statement, or of the parentheses around it.
    pub(super) fn skip_rest(&mut self) {
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

    /// Reads the content of parentheses. The next token is the opening one.
    pub(super) fn in_parentheses<T: Default>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.bump();
        self.depth += 1;
        let read = if self.depth > DEEPEST { T::default() } else { read(self) };
        self.skip_rest();
        self.depth -= 1;
        self.accept(b')');
        read
    }
}
