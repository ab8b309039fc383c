//! Whether to compress, by the `Accept-Encoding` header of RFC 9110, section 12.5.3.

/// Whether the client takes gzip, and likes it as well as a page that is not compressed.
pub(super) fn prefers_gzip(accept_encoding: &str) -> bool {
    let mut gzip = None;
    let mut identity = None;
    let mut any = None;
    for element in accept_encoding.split(',') {
        let Some((coding, quality)) = parse(element) else { continue };
        let named = match coding.as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "identity" => &mut identity,
            "*" => &mut any,
            _ => continue,
        };
        *named = (*named).max(Some(quality));
    }
    let gzip = gzip.or(any).unwrap_or(0);
    // Without a word about it, a plain page is welcome, but nobody asked for it either.
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// A coding in lower case and its quality in thousandths. `None` where the text is not of the
/// grammar: it is passed over, and the others still count.
fn parse(element: &str) -> Option<(String, u16)> {
    let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
    let coding = parts.next()?.to_ascii_lowercase();
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
    let quality: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (quality <= 1000).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_follow_rfc_9110() {
        for (accept_encoding, gzip) in [
            ("", false),
            ("gzip", true),
            ("GZip", true),
            ("x-gzip", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("compress, gzip", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("gzip, *;q=0", true),
            ("identity", false),
            ("identity;q=1, gzip;q=0.5", false),
            ("identity;q=0.5, gzip", true),
            ("identity;q=0, gzip;q=0.001", true),
            ("identity, gzip", true),
            ("br, zstd", false),
            (" \tgzip\t ; Q=0.3 ", true),
            (",,gzip,", true),
            ("gzip;q=2", false),
            ("gzip;q=0.1234", false),
            ("gzip;q=", false),
            ("gzip;level=9", false),
            ("gzipped", false),
            ("gzip;q=0, gzip", true),
        ] {
            assert_eq!(prefers_gzip(accept_encoding), gzip, "{accept_encoding}");
        }
    }
}
