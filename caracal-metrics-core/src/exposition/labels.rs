//! Parses the labels of foreign families from their text.

/// Parses `name="value",…`. Returns `None` if the text does not have this form.
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

/// Returns the value up to its closing quote, and the text after the quote.
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

    use crate::text::write_labels;

    proptest! {
        #[test]
        fn any_value_reads_back_from_the_page(values in proptest::collection::vec(any::<String>(), 0..4)) {
            let mut text = Vec::new();
            write_labels(values.iter().map(|value| ("name", value.as_str())), &mut text);
            let text = String::from_utf8(text).unwrap();
            prop_assert!(!text.contains('\n'), "a line break would end the sample");
            let read: Vec<_> = parse_labels(&text).unwrap().into_iter().map(|(_, v)| v).collect();
            prop_assert_eq!(read, values);
        }
    }
}
