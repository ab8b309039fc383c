//! How a request failed, if it did.

use caracal_metrics_core::{Label, LabelValues};

use super::sent_status::SentStatus;

/// How a request failed: the status code if it is `500` to `599`, `client_closed`, `failed`, or nothing if the
/// request did not fail. In that case, the series does not have this label.
///
/// The label is closed. If it were open, requests that are counted under `aggregated` would not show whether
/// they failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorType(u8);

/// The values before the status codes.
const OTHERS: [&str; 3] = ["", "client_closed", "failed"];

/// The number of status codes.
const CODES: usize = 100;

static TEXTS: [&str; OTHERS.len() + CODES] = {
    let mut texts = [""; OTHERS.len() + CODES];
    let mut at = 0;
    while at < texts.len() {
        texts[at] = if at < OTHERS.len() {
            OTHERS[at]
        } else {
            SentStatus::new(500 + (at - OTHERS.len()) as u16).as_str()
        };
        at += 1;
    }
    texts
};

impl ErrorType {
    /// The request did not fail.
    pub const NONE: Self = Self(0);

    /// The client disconnected.
    pub const CLIENT_CLOSED: Self = Self(1);

    /// The service or the body panicked or failed.
    pub const FAILED: Self = Self(2);

    /// Returns the error of a response with this status code. Only 500 to 599 are errors.
    #[inline]
    #[must_use]
    pub const fn of_status(code: u16) -> Self {
        match code {
            500..600 => Self((code - 500) as u8 + OTHERS.len() as u8),
            _ => Self::NONE,
        }
    }
}

impl Label for ErrorType {
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
    fn only_server_errors_have_their_code() {
        let text = |error: ErrorType| TEXTS[error.index() as usize];
        for code in 0..1000 {
            let expected = if code / 100 == 5 { code.to_string() } else { String::new() };
            assert_eq!(text(ErrorType::of_status(code)), expected);
        }
        assert_eq!(text(ErrorType::NONE), "");
        assert_eq!(text(ErrorType::CLIENT_CLOSED), "client_closed");
        assert_eq!(text(ErrorType::FAILED), "failed");
    }
}
