//! What a client says about a media type in the `Accept` header of RFC 9110, section 12.5.1.

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
struct MediaRange {
    kind: String,
    subtype: String,
    version: Option<String>,
    charset: Option<String>,
    escaping: Option<Escaping>,
    /// All other parameters but `q`, their names in lower case.
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
            escaping: None,
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
                // Says nothing about which offer matches.
                "escaping" => range.escaping = Escaping::parse(&value),
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
