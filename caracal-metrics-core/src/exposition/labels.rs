//! Label values in the text formats.

/// Appends a label value as text 0.0.4 and OpenMetrics want it between quotes.
fn escape_label_value(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

/// Appends `name="value"`.
pub(crate) fn write_label(name: &str, value: &str, out: &mut String) {
    out.push_str(name);
    out.push_str("=\"");
    escape_label_value(value, out);
    out.push('"');
}

/// `name="value",…`
pub(crate) fn join_labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        write_label(name, value, &mut text);
    }
    text
}

/// Whether Prometheus takes this for the name of a label of a service's own.
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with("__")
}

/// Reads `name="value",…` back. `None` where the text is not of that form.
pub(crate) fn parse_labels(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = unescape(rest)?;
        labels.push((name.to_owned(), value));
        text = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(labels)
}

/// A series' labels, in the same order whatever order they are written in.
pub(super) fn label_set(text: &str) -> Option<Vec<(String, String)>> {
    let mut labels = parse_labels(text)?;
    labels.sort_unstable();
    Some(labels)
}

/// The value up to its closing quote, and what follows the quote.
fn unescape(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_value_survives_the_page(values in proptest::collection::vec(any::<String>(), 0..4)) {
            let mut text = String::new();
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str("name=\"");
                escape_label_value(value, &mut text);
                text.push('"');
            }
            prop_assert!(!text.contains('\n'), "a line break would end the sample");
            let read: Vec<_> = parse_labels(&text).unwrap().into_iter().map(|(_, v)| v).collect();
            prop_assert_eq!(read, values);
        }
    }
}
