//! Strings and names with a prefix in front of the quote.

use super::Dialect::{MySql, Postgres, Sqlite};
use super::Operation::{Insert, Other, Select, Update};
use super::{DIALECTS, expect, expect_in};

#[test]
fn a_name_with_unicode_escapes_is_decoded() {
    let postgres = |text, table| expect_in(Postgres, text, Select, table);
    postgres(r#"SELECT * FROM U&"users""#, "users");
    postgres(r#"SELECT * FROM u&"\0075sers""#, "users");
    postgres(r#"SELECT * FROM U&"\+000075sers" WHERE u = 1"#, "users");
    postgres(r#"SELECT * FROM U&"!0075sers" UESCAPE '!' JOIN b ON true"#, "users");
    postgres("SELECT * FROM U&\"!0075sers\" /* c */ uescape\n '!' AS q", "users");
    postgres(r#"SELECT * FROM public.U&"gr\00F6\00dfe""#, "größe");
    // A surrogate pair.
    postgres(r#"SELECT * FROM U&"\D83D\DE00""#, "unknown");
    postgres(r#"SELECT * FROM U&"\d801\dc37""#, "\u{10437}");
    // The alias is not part of the escape.
    postgres(r#"SELECT * FROM U&"users" uescapes, b"#, "users");
    expect_in(Postgres, r#"INSERT INTO U&"\0075sers" VALUES (1)"#, Insert, "users");
    expect_in(Postgres, r#"UPDATE U&"users" SET a = U&'\0061'"#, Update, "users");
    expect_in(Postgres, r#"TRUNCATE U&"users""#, Other, "users");
    postgres(r#"WITH U&"\0061" AS (SELECT * FROM b) SELECT * FROM a"#, "b");
}

#[test]
fn a_name_that_can_not_be_decoded_is_unknown() {
    for text in [
        r#"SELECT * FROM U&"\00g5sers""#,
        r#"SELECT * FROM U&"\007""#,
        r#"SELECT * FROM U&"\D83Dx""#,
        r#"SELECT * FROM U&"\DE00""#,
        r#"SELECT * FROM U&"\+110000""#,
        r#"SELECT * FROM U&"a\0000b""#,
        r#"SELECT * FROM U&"a\000Ab""#,
        r#"SELECT * FROM U&"a\0027b""#,
        r#"SELECT * FROM U&"a\""#,
        r#"SELECT * FROM U&"users"#,
        r#"SELECT * FROM U&"\+""#,
        r#"SELECT * FROM U&"\+0000é""#,
        r#"SELECT * FROM U&"00e9s" UESCAPE '0'"#,
    ] {
        let table = super::read(text, Postgres).1;
        assert!(table == "unknown" || text.ends_with("U&\"users"), "{text}: {table}");
    }
    let long = format!(r#"SELECT * FROM U&"{}""#, r"\0061".repeat(129));
    expect_in(Postgres, &long, Select, "unknown");
    let longest = format!(r#"SELECT * FROM U&"{}""#, r"\0061".repeat(128));
    expect_in(Postgres, &longest, Select, &"a".repeat(128));
}

/// In the other databases, it is a bitwise and.
#[test]
fn unicode_escapes_are_those_of_postgres_alone() {
    for dialect in [Sqlite, MySql] {
        expect_in(dialect, r#"SELECT u&"x" FROM a"#, Select, "a");
    }
    expect_in(Postgres, r#"SELECT U&"x", U&'\0061; FROM b', d&'x' FROM a"#, Select, "a");
    // A backslash does not escape a quote here.
    expect_in(Postgres, r"SELECT U&'\' FROM a", Select, "a");
    expect_in(Postgres, r"SELECT U&'!' UESCAPE '!' FROM a", Select, "a");
}

#[test]
fn a_prefix_belongs_to_the_databases_that_know_it() {
    expect_in(Postgres, r"SELECT E'\' FROM b' FROM a", Select, "a");
    // In the other databases, this is the column `E` with a quoted alias.
    expect_in(Sqlite, r"SELECT E'\' FROM a", Select, "a");
    for text in [
        "SELECT X'1F' FROM a",
        "SELECT B'01' FROM a",
        "SELECT N'; FROM b' FROM a",
        "SELECT x'' FROM a",
    ] {
        expect(text, Select, "a");
    }
    expect_in(MySql, r"SELECT _utf8mb4'it\'s; FROM b' FROM a", Select, "a");
    expect_in(MySql, r#"SELECT _utf8"it\"s; FROM b" COLLATE utf8_bin FROM a"#, Select, "a");
    expect_in(MySql, r"SELECT N'it\'s; FROM b' FROM a", Select, "a");
}

/// A string continues after a line break, with the escapes of its prefix.
#[test]
fn a_string_in_several_lines_keeps_its_escapes() {
    expect_in(Postgres, "SELECT E'x'\n 'it\\'s; FROM b' FROM a", Select, "a");
    expect_in(Postgres, "SELECT E'x' -- c\n 'it\\'s; FROM b' FROM a", Select, "a");
    expect_in(Postgres, "SELECT 'x'\n '\\' FROM a", Select, "a");
}

#[test]
fn the_content_of_a_string_is_never_a_label() {
    for dialect in DIALECTS {
        for string in ["'secret'", "N'secret'", "X'secret'"] {
            for text in [
                format!("SELECT * FROM {string}"),
                format!("INSERT INTO {string} VALUES ({string})"),
                format!("UPDATE {string} SET a = {string}"),
                format!("WITH x AS (SELECT {string}) SELECT * FROM x WHERE a = {string}"),
            ] {
                expect_in(dialect, &text, super::read(&text, dialect).0, "unknown");
            }
        }
    }
    expect_in(Postgres, "SELECT * FROM $x$secret$x$", Select, "unknown");
    expect_in(Postgres, r"SELECT * FROM U&'secret'", Select, "unknown");
}
