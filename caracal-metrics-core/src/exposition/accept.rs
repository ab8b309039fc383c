//! How much a client likes a media type, by the `Accept` header of RFC 9110, section 12.5.1.

/// A media type that we offer.
#[derive(Clone, Copy, Debug)]
pub(super) struct MediaType<'a> {
    pub(super) kind: &'a str,
    pub(super) subtype: &'a str,
    pub(super) version: &'a str,
    /// Parameters without which the type means another format: only a range that names the type
    /// with all of them matches, and no wildcard does.
    pub(super) required: &'a [(&'a str, &'a str)],
}

/// The quality of an offer in thousandths, 0 where it is not acceptable, and whether the client
/// names it rather than taking it by a wildcard.
///
/// The most specific media range that matches decides, whatever its quality. Of equally specific
/// ones the best.
pub(super) fn quality(accept: &str, offer: MediaType<'_>) -> (u16, bool) {
    split_unquoted(accept, ',')
        .filter_map(MediaRange::parse)
        .filter_map(|range| Some((range.specificity(offer)?, range.quality)))
        .max()
        .map_or((0, false), |(specificity, quality)| (quality, specificity >= Specificity::Type))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Any,
    Subtype,
    Type,
    Version,
}

#[derive(Debug)]
struct MediaRange {
    kind: String,
    subtype: String,
    version: Option<String>,
    charset: Option<String>,
    /// All parameters but `q`, their names in lower case.
    parameters: Vec<(String, String)>,
    /// Thousandths.
    quality: u16,
}

impl MediaRange {
    /// `None` where the text is no media range: it is passed over, and the others still count.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';').map(trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            version: None,
            charset: None,
            parameters: Vec::new(),
            quality: 1000,
        };
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = unquote(trim(value));
            let name = trim(name).to_ascii_lowercase();
            match name.as_str() {
                "q" => range.quality = thousandths(&value)?,
                "version" => range.version = Some(value),
                "charset" => range.charset = Some(value),
                // Such as Prometheus 3's `escaping`: says how names may be written, and ours need
                // no escaping.
                _ => range.parameters.push((name, value)),
            }
        }
        Some(range)
    }

    fn specificity(&self, offer: MediaType<'_>) -> Option<Specificity> {
        let has = |(name, value): &(&str, &str)| {
            self.parameters.iter().any(|(found, given)| found == name && given == value)
        };
        if !offer.required.iter().all(has) {
            return None;
        }
        let charset = self.charset.as_deref().is_none_or(|c| c.eq_ignore_ascii_case("utf-8"));
        match (self.kind.as_str(), self.subtype.as_str(), self.version.as_deref()) {
            ("*", _, _) | (_, "*", _) if !offer.required.is_empty() => None,
            ("*", "*", None) if charset => Some(Specificity::Any),
            (kind, "*", None) if charset && kind == offer.kind => Some(Specificity::Subtype),
            (kind, subtype, version)
                if charset && kind == offer.kind && subtype == offer.subtype =>
            {
                match version {
                    None => Some(Specificity::Type),
                    Some(version) if version == offer.version => Some(Specificity::Version),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }
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

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut chars = inner.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// Parts between separators that stand in no quoted string.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        let separates = c == separator && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
}
