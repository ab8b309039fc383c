//! Queries.

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::Parser;
use crate::sql::Statement;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;

impl Parser<'_> {
    /// Reads a query up to its end. Returns the first table of its `FROM`, or else of a sub-query elsewhere.
    /// `from` is true if the query itself is in parentheses after a `FROM`.
    pub(super) fn query(&mut self, from: bool) -> Statement {
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
                if self.accept_table_modifier() {
                    expected = true;
                    continue;
                }
                if self.at_rows_from() {
                    self.bump();
                    self.bump();
                    if self.at(b'(') {
                        self.in_parentheses(|_| ());
                    }
                    continue;
                }
                let found = self.relation();
                table = table.or(found);
                // A token that is not a name is read again below.
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
                    // Not the `FROM` of `EXTRACT(… FROM …)` or `IS DISTINCT FROM`.
                    Some(K::From) if is_query && !distinct => {
                        in_from = true;
                        expected = true;
                        reached = true;
                    }
                    // `STRAIGHT_JOIN` is also a modifier in front of the columns.
                    Some(K::StraightJoin) if !self.dialect.has_modifiers() => {}
                    Some(K::Join | K::StraightJoin) if in_from => expected = true,
                    Some(K::Table) if self.is_after_set_operator() => expected = true,
                    // Any word may be the name of a column.
                    Some(K::As) if matches!(self.following, Some(Token::Word(_))) => self.bump(),
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
            distinct = self.keyword() == Some(K::Distinct) && !self.is_named_by_as();
            if !self.at_end() {
                self.bump();
            }
        }
        Statement { operation: Operation::Select, table: table.or(aside) }
    }

    /// Skips the words that may be between `FROM` and a table.
    fn accept_table_modifier(&mut self) -> bool {
        use Keyword as K;
        (self.dialect.has_only() && self.accept_any(&[K::Only]))
            || (self.dialect.has_lateral() && self.accept_any(&[K::Lateral]))
    }

    fn at_rows_from(&self) -> bool {
        self.dialect.has_rows_from()
            && self.keyword() == Some(Keyword::Rows)
            && self.following_keyword() == Some(Keyword::From)
    }

    fn is_named_by_as(&self) -> bool {
        self.previous_keyword() == Some(Keyword::As)
    }

    /// Whether a query comes next: the second one of a `UNION` or a similar operator.
    fn is_after_set_operator(&self) -> bool {
        use Keyword as K;
        matches!(
            self.previous_keyword(),
            Some(K::Union | K::Intersect | K::Except | K::All | K::Distinct)
        )
    }

    /// Reads the table in parentheses.
    fn operand(&mut self, from: bool) -> Option<String> {
        if self.at_query() {
            return self.statement().table;
        }
        self.query(from).table
    }
}
