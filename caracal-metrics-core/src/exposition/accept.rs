//! Evaluates the `Accept` header of RFC 9110, section 12.5.1, for a media type.

use std::borrow::Cow;

/// A media type that we offer.
#[derive(Clone, Copy, Debug)]
pub(super) struct MediaType<'a> {
    pub(super) kind: &'a str,
    pub(super) subtype: &'a str,
    pub(super) version: &'a str,
    /// Parameters that are part of the format. Only a media range that names the type with all of them matches,
    /// and wildcards do not.
    pub(super) required: &'a [(&'a str, &'a str)],
}

/// The escaping of names that do not match `[a-zA-Z_:][a-zA-Z0-9_:]*`. Prometheus 3 requests it with the
/// parameter `escaping`.
///
/// All names on a page match, and these schemes do not change such names. The fourth scheme, `dots`, would
/// write each `_` as `__`. It is therefore ignored, like an unknown scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Escaping {
    AllowUtf8,
    Underscores,
    Values,
}

impl Escaping {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "allow-utf-8" => Some(Self::AllowUtf8),
            "underscores" => Some(Self::Underscores),
            "values" => Some(Self::Values),
            _ => None,
        }
    }
}

/// The preference of the media range that decides about an offer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preference {
    /// In thousandths. 0 means that the client refuses the offer.
    pub(super) quality: u16,
    pub(super) specificity: Specificity,
    pub(super) escaping: Option<Escaping>,
}

/// Returns the preference of an `Accept` header for an offer, or `None` if no media range matches.
///
/// The most specific matching media range decides, regardless of its quality. Among equally specific ranges,
/// the one with the highest quality decides, and among equal qualities the first one.
pub(super) fn preference(accept: &str, offer: MediaType<'_>) -> Option<Preference> {
    split_unquoted(accept, ',')
        .filter_map(MediaRange::parse)
        .filter_map(|range| {
            Some(Preference {
                quality: range.quality,
                specificity: range.specificity(offer)?,
                escaping: range.escaping,
            })
        })
        .reduce(|best, next| {
            let rank = |preference: Preference| (preference.specificity, preference.quality);
            if rank(next) > rank(best) { next } else { best }
        })
}

/// How specifically a media range describes an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Specificity {
    /// `*/*`.
    Any,
    /// `text/*`.
    Subtype,
    /// `text/plain`.
    Type,
    /// `text/plain;version=0.0.4`.
    Version,
}

#[derive(Debug)]
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<Cow<'a, str>>,
    charset: Option<Cow<'a, str>>,
    escaping: Option<Escaping>,
    /// All other parameters except `q`.
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    /// In thousandths.
    quality: u16,
}

impl<'a> MediaRange<'a> {
    /// Returns `None` if the text is not a media range. Such a text is ignored, and the others still count.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';').map(trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self {
            kind,
            subtype,
            version: None,
            charset: None,
            escaping: None,
            parameters: Vec::new(),
            quality: 1000,
        };
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = unquote(trim(value));
            let name = trim(name);
            let is = |known| name.eq_ignore_ascii_case(known);
            if is("q") {
                range.quality = thousandths(&value)?;
            } else if is("version") {
                range.version = Some(value);
            } else if is("charset") {
                range.charset = Some(value);
            } else if is("escaping") {
                // It does not affect which offer matches.
                range.escaping = Escaping::parse(&value);
            } else {
                range.parameters.push((name, value));
            }
        }
        Some(range)
    }

    fn specificity(&self, offer: MediaType<'_>) -> Option<Specificity> {
        let has = |(name, value): &(&str, &str)| {
            let mut parameters = self.parameters.iter();
            parameters.any(|(found, given)| found.eq_ignore_ascii_case(name) && given == value)
        };
        if !offer.required.iter().all(has) {
            return None;
        }
        let charset = self.charset.as_deref().is_none_or(|c| c.eq_ignore_ascii_case("utf-8"));
        let is_kind = self.kind.eq_ignore_ascii_case(offer.kind);
        match (self.kind, self.subtype, self.version.as_deref()) {
            ("*", _, _) | (_, "*", _) if !offer.required.is_empty() => None,
            ("*", "*", None) if charset => Some(Specificity::Any),
            (_, "*", None) if charset && is_kind => Some(Specificity::Subtype),
            (_, subtype, version)
                if charset && is_kind && subtype.eq_ignore_ascii_case(offer.subtype) =>
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

/// Parses `0`, `1`, or up to three digits after a point.
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

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.into();
    };
    let mut chars = inner.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain.into()
}

/// Returns the parts between separators. Separators inside a quoted string do not count.
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
