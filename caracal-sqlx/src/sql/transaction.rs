//! Statements that begin, divide or end a transaction.

use super::dialect::Dialect;
use super::lexer::{Lexer, Token};

const COMMANDS: [&str; 7] = ["ABORT", "BEGIN", "COMMIT", "END", "RELEASE", "ROLLBACK", "SAVEPOINT"];

/// Whether the text is exactly one such statement.
pub(crate) fn controls_transaction(text: &str, dialect: Dialect) -> bool {
    let mut lexer = Lexer::new(text, dialect);
    let mut tokens = std::iter::from_fn(|| lexer.next()).skip_while(is_semicolon).peekable();
    let Some(Token::Word(command)) = tokens.next() else { return false };
    let second = tokens.peek().copied();
    let is_followed_by = |word: &str| matches!(second, Some(Token::Word(second)) if second.eq_ignore_ascii_case(word));
    let is = |word: &&str| command.eq_ignore_ascii_case(word);
    let controls = if is(&"START") {
        is_followed_by("TRANSACTION")
    } else if is(&"BEGIN") {
        // MariaDB's `BEGIN NOT ATOMIC` begins a block of statements.
        !is_followed_by("NOT")
    } else {
        COMMANDS.iter().any(is)
    };
    controls && tokens.skip_while(|token| !is_semicolon(token)).all(|token| is_semicolon(&token))
}

fn is_semicolon(token: &Token<'_>) -> bool {
    *token == Token::Symbol(b';')
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::controls_transaction;

    #[test]
    fn they_are_told_by_their_first_word() {
        for text in [
            "BEGIN",
            "begin immediate",
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
            "/* who */ COMMIT;",
            "COMMIT AND CHAIN",
            "END TRANSACTION",
            "ABORT",
            "ROLLBACK",
            "ROLLBACK TO SAVEPOINT _sqlx_savepoint_1",
            "SAVEPOINT _sqlx_savepoint_1",
            "RELEASE SAVEPOINT _sqlx_savepoint_1 ; ;",
        ] {
            assert!(controls_transaction(text, Dialect::Postgres), "{text}");
        }
        for text in [
            "",
            "SELECT 1",
            "BEGIN; SELECT 1; COMMIT",
            "COMMIT; SELECT 1",
            "START SLAVE",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "'COMMIT'",
            "\"COMMIT\"",
        ] {
            assert!(!controls_transaction(text, Dialect::MySql), "{text}");
        }
    }
}
