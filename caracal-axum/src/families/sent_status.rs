//! The status code of a response, if there was one.

use caracal_metrics_core::{Label, LabelValues};

/// The status code of a response: `100` to `999`, or nothing if no response was sent. In that case, the
/// series does not have this label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SentStatus(u16);

const CODES: usize = 900;

static DIGITS: [[u8; 3]; CODES] = {
    let mut digits = [[0; 3]; CODES];
    let mut at = 0;
    while at < CODES {
        let code = at + 100;
        digits[at] =
            [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        at += 1;
    }
    digits
};

/// An empty text, and the codes from 100 on.
static TEXTS: [&str; CODES + 1] = {
    let mut texts = [""; CODES + 1];
    let mut at = 0;
    while at < CODES {
        if let Ok(text) = std::str::from_utf8(&DIGITS[at]) {
            texts[at + 1] = text;
        }
        at += 1;
    }
    texts
};

impl SentStatus {
    /// No response was sent.
    pub const NONE: Self = Self(0);

    /// Creates the status code of this number. A number outside of 100 to 999 is [`NONE`](Self::NONE).
    #[inline]
    #[must_use]
    pub const fn new(code: u16) -> Self {
        if code < 100 || code >= 100 + CODES as u16 { Self::NONE } else { Self(code - 99) }
    }

    /// Returns the number as text. The text is empty if no response was sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        TEXTS[self.0 as usize]
    }
}

impl Label for SentStatus {
    const VALUES: LabelValues = LabelValues::Closed(&TEXTS);

    #[inline]
    fn index(self) -> u32 {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_code_has_its_own_text() {
        for code in 100..1000 {
            assert_eq!(SentStatus::new(code).as_str(), code.to_string());
        }
        for code in [0, 99, 1000, u16::MAX] {
            assert_eq!(SentStatus::new(code), SentStatus::NONE);
        }
        assert_eq!(SentStatus::NONE.as_str(), "");
    }
}
