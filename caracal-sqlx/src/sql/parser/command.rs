//! DDL and other commands.

use super::Parser;
use crate::sql::keyword::Keyword;

impl Parser<'_> {
    /// DDL and commands: the table that they are about.
    pub(super) fn command(&mut self, command: Keyword) -> Option<String> {
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
}
