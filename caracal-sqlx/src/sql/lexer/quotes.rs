//! Strings and quoted names.

use super::{Lexer, Token, continues_word, starts_word};

impl<'a> Lexer<'a> {
    /// Reads a string. It may contain its own quote if that is doubled.
    pub(super) fn string(&mut self, backslashes: bool) -> Token<'a> {
        self.skip_quotes(b'\'', backslashes);
        while self.peek(0) == Some(b'\'') {
            self.skip_quotes(b'\'', backslashes);
        }
        Token::Literal
    }

    /// Reads a quoted name. It may contain its closing quote if that is doubled.
    pub(super) fn quoted(&mut self, close: u8) -> Token<'a> {
        let start = self.position + 1;
        // In MySQL, double quotes are around strings by default.
        let backslashes = close == b'"' && self.dialect.has_backslash_escapes();
        let mut end = self.skip_quotes(close, backslashes);
        while close != b']' && self.peek(0) == Some(close) {
            end = self.skip_quotes(close, backslashes);
        }
        Token::Quoted(&self.text[start..end])
    }

    /// Reads the string or name whose prefix is this word, if a quote directly follows.
    pub(super) fn prefixed(&mut self, word: &str) -> Option<Token<'a>> {
        match (word, self.peek(0)?) {
            ("E" | "e", b'\'') if self.dialect.has_prefixed_escapes() => {
                Some(self.escaped_string())
            }
            ("N" | "n" | "B" | "b" | "X" | "x", b'\'') => {
                Some(self.string(self.dialect.has_backslash_escapes()))
            }
            ("U" | "u", b'&') if self.dialect.has_prefixed_escapes() => match self.peek(1)? {
                b'\'' => {
                    self.position += 1;
                    Some(self.string(false))
                }
                b'"' => {
                    self.position += 1;
                    let Token::Quoted(content) = self.quoted(b'"') else { return None };
                    Some(Token::Escaped(content, self.escape()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads `E'…'`. A continuation after a line break has the same escapes.
    fn escaped_string(&mut self) -> Token<'a> {
        loop {
            self.string(true);
            let end = self.position;
            self.skip_blanks();
            let goes_on =
                self.peek(0) == Some(b'\'') && self.text[end..self.position].contains(['\n', '\r']);
            if !goes_on {
                return Token::Literal;
            }
        }
    }

    /// Reads the character of a `UESCAPE '…'`, if there is one.
    fn escape(&mut self) -> char {
        const WORD: &str = "UESCAPE";
        self.skip_blanks();
        let rest = self.rest();
        let follows = rest.get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD))
            && !self.peek(WORD.len()).is_some_and(continues_word);
        if follows {
            self.position += WORD.len();
            self.skip_blanks();
            let mut quoted = self.rest().chars();
            if let (Some('\''), Some(escape), Some('\'')) =
                (quoted.next(), quoted.next(), quoted.next())
            {
                self.position += escape.len_utf8() + 2;
                return escape;
            }
        }
        '\\'
    }

    /// Moves behind the closing quote, and returns its position.
    fn skip_quotes(&mut self, close: u8, backslashes: bool) -> usize {
        self.position += 1;
        while let Some(byte) = self.peek(0) {
            if byte == close {
                self.position += 1;
                return self.position - 1;
            }
            self.position += if byte == b'\\' && backslashes { 2 } else { 1 };
        }
        // A backslash may have been the last byte.
        self.position = self.text.len();
        self.position
    }

    pub(super) fn dollar(&mut self) -> Token<'a> {
        if self.dialect.has_dollar_quotes() {
            let name = self.text.as_bytes()[self.position + 1..].iter();
            let length = name.take_while(|byte| continues_word(**byte) && **byte != b'$').count();
            let tag = self.position + 1 + length;
            let is_tag = self.peek(1).is_some_and(|byte| starts_word(byte) || byte == b'$');
            if is_tag && self.text.as_bytes().get(tag) == Some(&b'$') {
                let quote = &self.text[self.position..=tag];
                self.position = tag + 1;
                self.skip_past(quote);
                return Token::Literal;
            }
        }
        self.literal()
    }
}
