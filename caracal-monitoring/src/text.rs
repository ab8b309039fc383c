//! Escaping of text from outside.

/// Escapes text for use between the double quotes of a PromQL or YAML string. Both have these escapes.
///
/// Letters and digits of any script are kept. Characters that can't be told apart on a screen, or that have a
/// meaning for a YAML 1.1 parser, are escaped.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        ' '..='~' => c.to_string(),
        _ if c.is_alphanumeric() => c.to_string(),
        _ if u32::from(c) <= 0xffff => format!("\\u{:04x}", u32::from(c)),
        _ => format!("\\U{:08x}", u32::from(c)),
    };
    text.chars().map(escape).collect()
}

/// A YAML string: plain if possible, otherwise in double quotes.
pub(crate) fn yaml(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain { text.to_owned() } else { format!("\"{}\"", escaped(text)) }
}

/// Escapes text so that Prometheus does not interpret it as a template.
pub(crate) fn not_a_template(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// Converts a name to camel case, as in the names of alerts.
pub(crate) fn camel_case(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(|word| [word[..1].to_ascii_uppercase(), word[1..].to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_parser_could_mistake_is_escaped() {
        assert_eq!(escaped("a \"b\"\\\n\u{7f}\u{85}\u{202e}ä漢\u{1f600}"), {
            r#"a \"b\"\\\n\u007f\u0085\u202eä漢\U0001f600"#
        });
        for (text, in_yaml) in [
            ("shop-api", "shop-api"),
            ("on", "\"on\""),
            ("1e3", "\"1e3\""),
            ("- a: b", "\"- a: b\""),
            ("", "\"\""),
        ] {
            assert_eq!(yaml(text), in_yaml);
        }
    }

    #[test]
    fn a_name_becomes_one_word() {
        for (name, word) in [
            ("shop-api", "ShopApi"),
            ("caracal_gateway", "CaracalGateway"),
            ("§", ""),
            ("é2x", "2x"),
        ] {
            assert_eq!(camel_case(name), word);
        }
    }
}
