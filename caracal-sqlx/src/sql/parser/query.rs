//! Queries.

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::Parser;
use crate::sql::Statement;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;

impl Parser<'_> {
    /// A query up to its end: the first table of its `FROM`, or of what it reads elsewhere.
    /// `from`: it stands after a `FROM` itself, in parentheses.
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
                    // `STRAIGHT_JOIN` is a modifier too, before the columns.
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
}
