//! The buckets of the facade's histograms.

use std::borrow::Cow;

use crate::names::sanitized;

/// Selects metrics by name. The text is compared with the name on the page, and with the name in
/// the facade after each character that is not valid in Prometheus has been replaced by `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// The metric with this name.
    Full(String),
    /// All metrics whose names start with this text.
    Prefix(String),
    /// All metrics whose names end with this text.
    Suffix(String),
}

impl Matcher {
    fn sanitized(&self) -> Cow<'_, str> {
        match self {
            Self::Full(text) | Self::Prefix(text) => sanitized(text),
            // The beginning of a suffix is in the middle of a name, so a digit is valid there.
            Self::Suffix(text) => match sanitized(&format!("_{text}")).get(1..) {
                Some(suffix) => suffix.to_owned().into(),
                None => text.into(),
            },
        }
    }

    /// How well this matches a name, if it does. A full name is better than a prefix, a prefix is
    /// better than a suffix, and a longer text is better than a shorter one of the same kind.
    fn fit(&self, name: &str) -> Option<(u8, usize)> {
        let text = self.sanitized();
        let (rank, fits) = match self {
            Self::Full(_) => (2, name == text),
            Self::Prefix(_) => (1, name.starts_with(&*text)),
            Self::Suffix(_) => (0, name.ends_with(&*text)),
        };
        fits.then_some((rank, text.len()))
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full(name) => f.write_str(name),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Suffix(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// The buckets of all histograms of a recorder.
#[derive(Clone, Debug, Default)]
pub(crate) struct BucketRules {
    pub(crate) rules: Vec<(Matcher, Vec<f64>)>,
    /// The buckets for names that no rule matches.
    pub(crate) default: Option<Vec<f64>>,
}

impl BucketRules {
    /// Returns the buckets of the histogram with this name in the facade and this name on the page.
    pub(crate) fn of(&self, name: &str, exposed: &str) -> Cow<'_, [f64]> {
        let name = sanitized(name);
        let fit = |matcher: &Matcher| matcher.fit(&name).max(matcher.fit(exposed));
        let fitting =
            self.rules.iter().filter_map(|(matcher, buckets)| Some((fit(matcher)?, buckets)));
        match (fitting.max_by_key(|(fit, _)| *fit), &self.default) {
            (Some((_, buckets)), _) | (None, Some(buckets)) => buckets.into(),
            (None, None) => by_unit(exposed),
        }
    }
}

/// From five milliseconds to ten seconds, as in the client libraries of Prometheus.
const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// From 64 bytes to 256 mebibytes.
const BYTES: [f64; 12] = [
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
];

const PERCENT: [f64; 11] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// Three bounds per decade, for numbers of unknown meaning.
const ANY: [f64; 20] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0,
    1000.0, 2500.0, 5000.0, 10000.0,
];

fn by_unit(exposed: &str) -> Cow<'static, [f64]> {
    let unit = exposed.rsplit('_').next().unwrap_or_default();
    match unit {
        "seconds" => (&SECONDS).into(),
        "milliseconds" => times(&SECONDS, 1e3),
        "microseconds" => times(&SECONDS, 1e6),
        "nanoseconds" => times(&SECONDS, 1e9),
        "bytes" => (&BYTES).into(),
        "percent" => (&PERCENT).into(),
        _ => (&ANY).into(),
    }
}

fn times(bounds: &[f64], factor: f64) -> Cow<'static, [f64]> {
    // A power of ten times a bound of this kind is a whole number.
    bounds.iter().map(|bound| (bound * factor).round()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_rule_decides() {
        let rule = |matcher, bound| (matcher, vec![bound]);
        let rules = BucketRules {
            rules: vec![
                rule(Matcher::Suffix("_seconds".to_owned()), 1.0),
                rule(Matcher::Suffix("took_seconds".to_owned()), 2.0),
                rule(Matcher::Prefix("db.".to_owned()), 3.0),
                rule(Matcher::Full("db.took".to_owned()), 4.0),
                rule(Matcher::Suffix("2xx".to_owned()), 5.0),
            ],
            default: Some(vec![9.0]),
        };
        for (name, exposed, expected) in [
            ("wait", "wait_seconds", 1.0),
            ("took", "took_seconds", 2.0),
            ("db.wait", "db_wait_seconds", 3.0),
            ("db.took", "db_took_seconds", 4.0),
            ("http.2xx", "http_2xx", 5.0),
            ("other", "other", 9.0),
        ] {
            assert_eq!(*rules.of(name, exposed), [expected], "{name}");
        }
    }

    #[test]
    fn buckets_follow_the_unit() {
        let rules = BucketRules::default();
        assert_eq!(rules.of("x", "x_milliseconds")[..3], [5.0, 10.0, 25.0]);
        assert_eq!(rules.of("x", "x_bytes")[0], 64.0);
        assert_eq!(rules.of("x", "x").len(), ANY.len());
    }
}
