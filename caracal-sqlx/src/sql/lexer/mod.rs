//! The tokens of a text, without comments and white space. The lexer never goes back.

mod quotes;

use super::dialect::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or a name.
    Word(&'a str),
    /// The text between the quotes of a name.
    Quoted(&'a str),
    /// The text between the quotes of a `U&"…"`, and the character that begins its escapes.
    Escaped(&'a str, char),
    /// A string, a number or a parameter.
    Literal,
    Symbol(u8),
}

#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    dialect: Dialect,
    #[cfg(test)]
    pub(super) steps: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            position: 0,
            dialect,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Returns the next token, or `None` at the end.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        #[cfg(test)]
        let from = self.position;
        self.skip_blanks();
        let token = self.token();
        #[cfg(test)]
        {
            self.steps += self.position - from + 1;
        }
        token
    }

    fn token(&mut self) -> Option<Token<'a>> {
        let byte = self.peek(0)?;
        Some(match byte {
            b'\'' => self.string(self.dialect.has_backslash_escapes()),
            b'"' | b'`' => self.quoted(byte),
            b'[' if self.dialect.has_bracketed_names() => self.quoted(b']'),
            b'$' => self.dollar(),
            b'?' | b'0'..=b'9' => self.literal(),
            // A named parameter or a variable, whose name may be a keyword.
            b':' | b'@' if self.peek(1).is_some_and(starts_word) => self.literal(),
            _ if starts_word(byte) => self.word(),
            _ => {
                self.position += 1;
                Token::Symbol(byte)
            }
        })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + ahead).copied()
    }

    /// Moves behind the first of these, or to the end if there is none.
    fn skip_past(&mut self, what: &str) {
        self.position = match self.rest().find(what) {
            Some(at) => self.position + at + what.len(),
            None => self.text.len(),
        };
    }

    fn skip_while(&mut self, of: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.position..];
        self.position += rest.iter().position(|byte| !of(*byte)).unwrap_or(rest.len());
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c', _) => self.position += 1,
                (b'-', Some(b'-')) if self.is_dash_comment() => self.skip_past("\n"),
                (b'#', _) if self.dialect.has_hash_comments() => self.skip_past("\n"),
                (b'/', Some(b'*')) => self.skip_block_comment(),
                _ => return,
            }
        }
    }

    fn is_dash_comment(&self) -> bool {
        !self.dialect.has_hash_comments()
            || self.peek(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    fn skip_block_comment(&mut self) {
        self.position += 2;
        let mut open = 1;
        while open > 0 {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return,
                (Some(b'*'), Some(b'/')) => {
                    open -= 1;
                    self.position += 2;
                }
                (Some(b'/'), Some(b'*')) if self.dialect.nests_comments() => {
                    open += 1;
                    self.position += 2;
                }
                _ => self.position += 1,
            }
        }
    }

    fn literal(&mut self) -> Token<'a> {
        self.position += 1;
        self.skip_while(|byte| continues_word(byte) || byte == b'.');
        Token::Literal
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.position;
        self.skip_while(continues_word);
        let word = &self.text[start..self.position];
        self.prefixed(word).unwrap_or(Token::Word(word))
    }
}

/// Every database reads bytes beyond ASCII as parts of letters.
fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}
