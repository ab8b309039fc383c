//! The names of metrics in PromQL, and text in it.

use std::ops::Range;

use crate::text::escaped;

/// The namespace that the expressions of this crate use.
const NAMESPACE: &str = "caracal_";

/// The prefixes of the names of metrics in the expressions of this crate.
const PREFIXES: [&str; 3] = [NAMESPACE, "http_server_", "process_"];

/// A string literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The names of metrics, in the order in which they are written.
pub(crate) fn metrics(expression: &str) -> Vec<&str> {
    Parts(expression)
        .filter_map(|part| match part {
            Part::Metric(name) => Some(name),
            Part::Other(_) => None,
        })
        .collect()
}

/// Where the names of metrics are.
pub(crate) fn places(expression: &str) -> Vec<Range<usize>> {
    let mut end = 0;
    let mut places = Vec::new();
    for part in Parts(expression) {
        let (Part::Metric(text) | Part::Other(text)) = part;
        let start = end;
        end += text.len();
        if matches!(part, Part::Metric(_)) {
            places.push(start..end);
        }
    }
    places
}

/// The name of a metric in a registry with this namespace.
pub(crate) fn named(metric: &str, namespace: &str) -> String {
    let own = |name: &str| match name.strip_prefix(NAMESPACE) {
        Some(rest) => format!("{namespace}_{rest}"),
        None => name.to_owned(),
    };
    // The name of a recorded series begins with its aggregation level.
    metric.split(':').map(own).collect::<Vec<_>>().join(":")
}

/// Renames the metrics of an expression to a namespace, and adds a matcher to each of them.
pub(crate) fn selecting(expression: &str, namespace: &str, matcher: &str) -> String {
    let mut text = String::new();
    let mut is_open = false;
    for part in Parts(expression) {
        match part {
            Part::Metric(name) => {
                text.extend([named(name, namespace).as_str(), "{", matcher]);
                is_open = true;
            }
            Part::Other(other) => {
                if is_open {
                    match other.strip_prefix('{') {
                        Some(matchers) if matchers.starts_with('}') => text += matchers,
                        Some(matchers) => text.extend([",", matchers]),
                        None => text.extend(["}", other]),
                    }
                } else {
                    text += other;
                }
                is_open = false;
            }
        }
    }
    if is_open {
        text.push('}');
    }
    text
}

#[derive(Debug)]
enum Part<'a> {
    Metric(&'a str),
    Other(&'a str),
}

/// Splits an expression at the names of metrics.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let mut at = 0;
        while at < self.0.len() {
            let rest = &self.0[at..];
            let len = token(rest);
            if is_metric(&rest[..len]) {
                let end = if at == 0 { len } else { at };
                let (part, rest) = self.0.split_at(end);
                self.0 = rest;
                return Some(if at == 0 { Part::Metric(part) } else { Part::Other(part) });
            }
            at += len;
        }
        Some(Part::Other(std::mem::take(&mut self.0)))
    }
}

/// The length of the first token: a comment, a string, a word, or a single character.
fn token(text: &str) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    match text.as_bytes()[0] {
        b'#' => text.find('\n').unwrap_or(text.len()),
        b'"' => {
            let mut is_escaped = false;
            let end = text[1..].find(|c| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            end.map_or(text.len(), |end| end + 2)
        }
        _ if text.starts_with(is_word) => text.find(|c: char| !is_word(c)).unwrap_or(text.len()),
        _ => text.chars().next().map_or(1, char::len_utf8),
    }
}

fn is_metric(word: &str) -> bool {
    let is_name = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    word == "up" || word.split(':').any(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_from_labels_strings_and_comments() {
        let expression = "sum by (process, up_to) (rate(caracal_x_total{a=\"up caracal_y\"}[5m]))\n\
                          # caracal_z\n / job:caracal_w:rate5m > up + process_threads";
        assert_eq!(
            metrics(expression),
            ["caracal_x_total", "job:caracal_w:rate5m", "up", "process_threads"]
        );
    }

    #[test]
    fn each_metric_is_renamed_and_selected() {
        for (expression, selecting_job) in [
            ("up", r#"up{job="a"}"#),
            ("up{}", r#"up{job="a"}"#),
            (r#"up{b="c"} == 0"#, r#"up{job="a",b="c"} == 0"#),
            ("rate(caracal_x[5m])", r#"rate(shop_x{job="a"}[5m])"#),
            ("job:caracal_x:rate5m > 1", r#"job:shop_x:rate5m{job="a"} > 1"#),
            ("http_server_x - caracal_y", r#"http_server_x{job="a"} - shop_y{job="a"}"#),
            (r#""\"up" + up"#, r#""\"up" + up{job="a"}"#),
        ] {
            assert_eq!(selecting(expression, "shop", r#"job="a""#), selecting_job);
        }
    }
}
