//! What a client says about a media type in the `Accept` header of RFC 9110, section 12.5.1.

use std::borrow::Cow;

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

/// How names may be written that are not of `[a-zA-Z_:][a-zA-Z0-9_:]*`, as Prometheus 3 asks for it
/// with the parameter `escaping`.
///
/// All names of a page are of that form, and these schemes leave them as they are. The fourth one,
/// `dots`, does not: it writes each `_` as `__`, so it is passed over like a scheme that is not
/// known.
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

/// What the media range that decides about an offer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preference {
    /// Thousandths; 0 is a refusal.
    pub(super) quality: u16,
    pub(super) specificity: Specificity,
    pub(super) escaping: Option<Escaping>,
}

/// What an `Accept` header says about an offer; `None` where no media range matches.
///
/// The most specific media range that matches decides, whatever its quality. Of equally specific
/// ones the best decides, and of equally good ones the first.
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

/// How closely a media range describes an offer.
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
    /// All other parameters but `q`.
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    /// Thousandths.
    quality: u16,
}

impl<'a> MediaRange<'a> {
    /// `None` where the text is no media range: it is passed over, and the others still count.
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
                // Says nothing about which offer matches.
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

/// The parts between separators that are not inside a quoted string.
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
