//! Converts names and units of the facade to those of a page.

use std::borrow::Cow;

use metrics::Unit;

/// Endings before which the unit is inserted.
const ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// The name of a metric in which each character that is not valid in Prometheus is replaced by `_`.
pub(crate) fn sanitized(name: &str) -> Cow<'_, str> {
    let is_valid = |place: usize, c: char| match c {
        '0'..='9' => place > 0,
        c => c.is_ascii_alphabetic() || c == '_',
    };
    if name.chars().enumerate().all(|(place, c)| is_valid(place, c)) {
        return name.into();
    }
    let replaced = name.chars().enumerate();
    replaced.map(|(place, c)| if is_valid(place, c) { c } else { '_' }).collect()
}

/// The name of a label, which also must not begin with two underscores.
pub(crate) fn sanitized_label(name: &str) -> Cow<'_, str> {
    let sanitized = match name {
        "" => "_".into(),
        name => sanitized(name),
    };
    if sanitized.starts_with("__") {
        return format!("_{}", sanitized.trim_start_matches('_')).into();
    }
    sanitized
}

/// The unit in a name. `None` if the values are plain numbers.
pub(crate) fn suffix(unit: Unit) -> Option<&'static str> {
    (unit != Unit::Count).then(|| unit.as_str())
}

/// The name of a family. It contains the unit, and the name of a counter ends in `_total`.
pub(crate) fn exposed(name: &str, unit: Option<&str>, is_counter: bool) -> String {
    let mut name = sanitized(name).into_owned();
    if let Some(unit) = unit {
        let base = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        if !has_unit(base, unit) {
            name.insert_str(base.len(), &format!("_{unit}"));
        }
    }
    if is_counter && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

fn has_unit(base: &str, unit: &str) -> bool {
    base.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'))
}

/// The unit for OpenMetrics. It must be at the end of the name, before `_total`.
pub(crate) fn declared<'a>(
    exposed: &str,
    unit: Option<&'a str>,
    is_counter: bool,
) -> Option<&'a str> {
    let base = if is_counter { exposed.strip_suffix("_total") } else { Some(exposed) };
    unit.filter(|unit| base.is_some_and(|base| has_unit(base, unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        for (name, expected) in [
            ("http.requests", "http_requests"),
            ("a::b-c", "a__b_c"),
            ("1st", "_st"),
            ("größe", "gr__e"),
            ("fine_1", "fine_1"),
            ("", ""),
        ] {
            assert_eq!(sanitized(name), expected);
        }
        for (name, expected) in [("__name__", "_name__"), ("", "_"), ("a.b", "a_b"), ("..a", "_a")]
        {
            assert_eq!(sanitized_label(name), expected);
        }
    }

    #[test]
    fn units_and_totals_are_in_names() {
        for (name, unit, is_counter, expected) in [
            ("sent", Some("bytes"), true, "sent_bytes_total"),
            ("sent_total", Some("bytes"), true, "sent_bytes_total"),
            ("sent_bytes_total", Some("bytes"), true, "sent_bytes_total"),
            ("took", Some("seconds"), false, "took_seconds"),
            ("took_seconds", Some("seconds"), false, "took_seconds"),
            ("seconds", Some("seconds"), false, "seconds_seconds"),
            ("megabytes", Some("bytes"), false, "megabytes_bytes"),
            ("read_count", Some("bytes"), false, "read_bytes_count"),
            ("requests", None, true, "requests_total"),
            ("requests", None, false, "requests"),
        ] {
            assert_eq!(exposed(name, unit, is_counter), expected);
        }
        assert_eq!(declared("sent_bytes_total", Some("bytes"), true), Some("bytes"));
        assert_eq!(declared("read_bytes_count", Some("bytes"), false), None);
    }
}
