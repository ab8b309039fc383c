//! Whether to compress, by the `Accept-Encoding` header of RFC 9110, section 12.5.3.

/// The encoding in which a client wants its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    /// Not compressed.
    Identity,
    /// The client accepts gzip, and accepts an uncompressed page equally well.
    Gzip,
    /// The client accepts gzip, but no uncompressed page.
    OnlyGzip,
}

impl Coding {
    pub(super) fn from_accept(accept_encoding: &str) -> Self {
        let [gzip, identity, any] = qualities(accept_encoding);
        let gzip = gzip.or(any).unwrap_or(0);
        // If the header does not mention identity, an uncompressed page is acceptable, but the client did not
        // ask for it.
        match identity.or(any.filter(|any| *any == 0)) {
            _ if gzip == 0 => Self::Identity,
            Some(0) => Self::OnlyGzip,
            identity if gzip >= identity.unwrap_or(0) => Self::Gzip,
            _ => Self::Identity,
        }
    }
}

/// Returns the qualities of gzip, of identity, and of `*`, if they are present.
fn qualities(accept_encoding: &str) -> [Option<u16>; 3] {
    let mut gzip = None;
    let mut identity = None;
    let mut any = None;
    for element in accept_encoding.split(',') {
        let Some((coding, quality)) = parse(element) else { continue };
        let is = |known| coding.eq_ignore_ascii_case(known);
        let named = if is("gzip") || is("x-gzip") {
            &mut gzip
        } else if is("identity") {
            &mut identity
        } else if is("*") {
            &mut any
        } else {
            continue;
        };
        *named = (*named).max(Some(quality));
    }
    [gzip, identity, any]
}

/// Returns a coding and its quality in thousandths, or `None` if the text does not follow the grammar. Such
/// an element is skipped, and the others still count.
fn parse(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
    let coding = parts.next()?;
    let mut quality = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if !name.eq_ignore_ascii_case("q") {
            return None;
        }
        quality = thousandths(value)?;
    }
    Some((coding, quality))
}

/// `0`, `1`, or up to three digits after a point.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !digits {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let whole = u16::from(whole == "1");
    let quality = digits.fold(whole, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    (quality <= 1000).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_follow_rfc_9110() {
        use Coding::{Gzip, Identity, OnlyGzip};
        for (accept_encoding, coding) in [
            ("", Identity),
            ("gzip", Gzip),
            ("GZip", Gzip),
            ("x-gzip", Gzip),
            ("deflate, gzip;q=1.0, *;q=0.5", Gzip),
            ("compress, gzip", Gzip),
            ("*", Gzip),
            ("gzip;q=0", Identity),
            ("gzip;q=0.000, *", Identity),
            ("*;q=0", Identity),
            ("identity", Identity),
            ("identity;q=1, gzip;q=0.5", Identity),
            ("identity;q=0.5, gzip", Gzip),
            ("identity;q=0, gzip;q=0.001", OnlyGzip),
            ("gzip, *;q=0", OnlyGzip),
            ("identity;q=0.1, gzip, *;q=0", Gzip),
            ("identity;q=0, br", Identity),
            ("identity, gzip", Gzip),
            ("br, zstd", Identity),
            (" \tgzip\t ; Q=0.3 ", Gzip),
            (",,gzip,", Gzip),
            ("gzip;q=2", Identity),
            ("gzip;q=0.1234", Identity),
            ("gzip;q=", Identity),
            ("gzip;level=9", Identity),
            ("gzipped", Identity),
            ("gzip;q=0, gzip", Gzip),
        ] {
            assert_eq!(Coding::from_accept(accept_encoding), coding, "{accept_encoding}");
        }
    }
}
