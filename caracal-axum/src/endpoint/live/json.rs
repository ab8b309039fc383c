//! Writes the JSON of the documents.

use std::fmt::Write;

/// JSON text that is being written. Commas are added automatically.
#[derive(Debug, Default)]
pub(super) struct Json {
    text: String,
    /// Whether this object or array already contains something.
    needs_comma: bool,
}

impl Json {
    pub(super) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.nested('{', '}', fields);
    }

    pub(super) fn array(&mut self, elements: impl FnOnce(&mut Self)) {
        self.nested('[', ']', elements);
    }

    /// Writes the name of a field. Its value must follow.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.text.push(':');
        self.needs_comma = false;
        self
    }

    pub(super) fn string(&mut self, value: &str) {
        self.begin_value();
        self.text.push('"');
        for character in value.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                control if control < ' ' => {
                    // Writing to a string never fails.
                    let _ = write!(self.text, "\\u{:04x}", control as u32);
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    pub(super) fn integer(&mut self, value: impl Into<i128>) {
        self.begin_value();
        let _ = write!(self.text, "{}", value.into());
    }

    /// Writes a number. If JSON has no such number, it is written as text.
    pub(super) fn float(&mut self, value: f64) {
        if value.is_finite() {
            self.begin_value();
            let _ = write!(self.text, "{value}");
        } else {
            self.string(if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            });
        }
    }

    /// Writes a value if the text then has at most `most` bytes. Returns whether it was written.
    pub(super) fn fits(&mut self, most: usize, value: impl FnOnce(&mut Self)) -> bool {
        let (len, needs_comma) = (self.text.len(), self.needs_comma);
        value(self);
        let fits = self.text.len() <= most;
        if !fits {
            self.text.truncate(len);
            self.needs_comma = needs_comma;
        }
        fits
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn nested(&mut self, open: char, close: char, content: impl FnOnce(&mut Self)) {
        self.begin_value();
        self.text.push(open);
        self.needs_comma = false;
        content(self);
        self.text.push(close);
        self.needs_comma = true;
    }

    fn begin_value(&mut self) {
        if self.needs_comma {
            self.text.push(',');
        }
        self.needs_comma = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_numbers_are_json_whatever_they_are() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a\"\\\n\u{7}").string("</script>\u{202e}");
            json.key("numbers").array(|json| {
                json.integer(u64::MAX);
                json.float(0.1);
                json.float(f64::NAN);
                json.float(f64::NEG_INFINITY);
                json.array(|_| {});
            });
        });
        assert_eq!(
            String::from_utf8(json.into_bytes()).unwrap(),
            "{\"a\\\"\\\\\\u000a\\u0007\":\"</script>\u{202e}\",\
             \"numbers\":[18446744073709551615,0.1,\"NaN\",\"-Infinity\",[]]}"
        );
    }
}
