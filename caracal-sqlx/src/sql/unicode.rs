//! The escapes in PostgreSQL's `U&"…"`.

/// The longest escape, `\+XXXXXX`, in bytes.
const LONGEST_ESCAPE: usize = 8;

/// Decodes the content of a `U&"…"`. Returns `None` if the database would reject it, or if it is longer
/// than `longest` characters.
pub(super) fn decode(content: &str, escape: char, longest: usize) -> Option<String> {
    let is_allowed = !escape.is_ascii_hexdigit()
        && !escape.is_ascii_whitespace()
        && !matches!(escape, '+' | '\'' | '"');
    if !is_allowed || content.len() > longest * LONGEST_ESCAPE {
        return None;
    }
    let mut decoded = String::new();
    // An escape may be one half of a surrogate pair.
    let mut high = None;
    let mut rest = content;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let unit = if c != escape {
            u32::from(c)
        } else if let Some(after) = rest.strip_prefix(escape) {
            rest = after;
            u32::from(escape)
        } else {
            let (digits, length) = match rest.strip_prefix('+') {
                Some(digits) => (digits, 6),
                None => (rest, 4),
            };
            let (code, after) = (digits.get(..length)?, &digits[length..]);
            if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            rest = after;
            u32::from_str_radix(code, 16).ok()?
        };
        match (high.take(), unit) {
            (None, 0xD800..=0xDBFF) => high = Some(unit),
            (None, 0) => return None,
            (None, unit) => decoded.push(char::from_u32(unit)?),
            (Some(high), 0xDC00..=0xDFFF) => {
                let code = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00);
                decoded.push(char::from_u32(code)?);
            }
            (Some(_), _) => return None,
        }
    }
    high.is_none().then_some(decoded)
}
