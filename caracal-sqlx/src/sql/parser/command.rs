//! DDL and other commands.

use super::Parser;
use crate::sql::keyword::Keyword;

impl Parser<'_> {
    /// Reads the table of DDL and of commands.
    pub(super) fn command(&mut self, command: Keyword) -> Option<String> {
        use Keyword as K;
        match command {
            K::Create | K::Alter | K::Drop => self.definition(command == K::Create),
            // MySQL's `LOCK INSTANCE` does not lock a table.
            K::Lock if self.dialect.has_modifiers() && !self.at_tables() => None,
            K::Truncate | K::Lock => {
                let tables = self.dialect.has_modifiers() && self.accept_any(&[K::Tables]);
                if !tables {
                    self.accept_any(&[K::Table]);
                }
                self.skip_only();
                self.first_target()
            }
            K::Refresh => {
                for keyword in [K::Materialized, K::View, K::Concurrently] {
                    self.accept_any(&[keyword]);
                }
                self.target()
            }
            K::Copy if self.at(b'(') => self.in_parentheses(|parser| parser.statement().table),
            K::Copy => self.target(),
            K::Explain => {
                self.skip_all(&[K::Query, K::Plan, K::Analyze, K::Verbose]);
                if self.at(b'(') {
                    // The parentheses contain options if something follows them.
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

    fn at_tables(&self) -> bool {
        matches!(self.keyword(), Some(Keyword::Tables | Keyword::Table))
    }

    /// Reads the rest of `CREATE`, `ALTER` and `DROP`.
    fn definition(&mut self, creates: bool) -> Option<String> {
        use Keyword as K;
        // Skips `TEMPORARY`, `OR REPLACE`, `UNIQUE` and so on, up to the kind of object.
        let kind = loop {
            match self.keyword() {
                _ if self.at_end() => return None,
                Some(
                    kind @ (K::Table
                    | K::View
                    | K::Index
                    | K::Trigger
                    | K::Rule
                    | K::Procedure
                    | K::Function
                    | K::Event),
                ) => break kind,
                // The name of such an object may be a keyword of the other kinds.
                Some(
                    K::Schema
                    | K::Database
                    | K::Sequence
                    | K::Type
                    | K::Domain
                    | K::Role
                    | K::Extension,
                ) => return None,
                _ => self.bump(),
            }
        };
        self.bump();
        self.accept_any(&[K::Concurrently]);
        if self.accept_before(K::If, &[K::Not, K::Exists]) {
            self.accept_any(&[K::Not]);
            self.accept_any(&[K::Exists]);
        }
        self.skip_only();
        match kind {
            // `ALTER TABLE ALL IN TABLESPACE`: a table of that name has quotes, because `ALL` is reserved.
            K::Table | K::View if self.keyword() == Some(K::All) => None,
            K::Table | K::View => self.target(),
            K::Index => {
                self.skip_to(K::On);
                self.accept_any(&[K::On]);
                self.skip_only();
                self.target()
            }
            K::Trigger => {
                self.skip_to(K::On);
                self.accept_any(&[K::On]);
                let table = self.target();
                if creates {
                    self.skip_body();
                }
                table
            }
            K::Rule if creates => {
                // `CREATE RULE r AS ON INSERT TO t DO ALSO (…; …)`
                self.skip_to(K::To);
                self.accept_any(&[K::To]);
                let table = self.target();
                self.skip_to(K::Do);
                self.accept_any(&[K::Do]);
                self.accept_any(&[K::Also, K::Instead]);
                if self.at(b'(') {
                    self.in_parentheses(|_| ());
                }
                table
            }
            K::Rule => {
                self.skip_to(K::On);
                self.accept_any(&[K::On]);
                self.target()
            }
            _ => {
                self.skip_body();
                None
            }
        }
    }
}
