//! The parts of a line that the text format 0.0.4 and OpenMetrics have in common.

use std::collections::BTreeMap;

pub(crate) type Labels = BTreeMap<String, String>;

/// Returns the name, the labels and the rest of the line.
pub(crate) fn series(line: &str) -> Option<(String, Labels, &str)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    assert!(identifier(name, true), "{name:?} is not a metric name");
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            assert!(identifier(label, false), "{label:?} is not a label name");
            let (value, after) = quoted(after)?;
            assert!(labels.insert(label.to_owned(), value).is_none(), "{label} twice: {line}");
            match after.split_at_checked(1)? {
                (",", after) => rest = after,
                ("}", after) => {
                    rest = after;
                    break;
                }
                _ => return None,
            }
        }
    }
    Some((name.to_owned(), labels, rest))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                other => panic!("\\{other} is not an escape"),
            }),
            '\n' => return None,
            plain => value.push(plain),
        }
    }
}

fn identifier(text: &str, colon: bool) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// The families of a page by name, and the names that each of them reserves.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Reserves the name of a family, and its name with each of these suffixes.
    pub(crate) fn take(&mut self, family: &str, suffixes: &[&str]) {
        for suffix in suffixes.iter().filter(|suffix| !suffix.is_empty()).chain(&[""]) {
            let name = format!("{family}{suffix}");
            if let Some(other) = self.0.insert(name.clone(), family.to_owned()) {
                panic!("{name} belongs to {other} and to {family}");
            }
        }
    }
}
