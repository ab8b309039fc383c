//! Labels of the catalogue and the values that they take.

use std::fmt;

use crate::catalogue::CATALOGUE;

/// The value that open labels of a folded series carry.
pub const AGGREGATED: &str = "aggregated";

/// A label of a family.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LabelSpec {
    /// The label's name.
    pub name: &'static str,
    /// The values that it takes.
    pub values: LabelValues,
}

/// The values that a label takes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum LabelValues {
    /// Comes from outside, so it is bounded by `max_series_per_family` and `max_label_value_bytes`.
    Open,
    /// The name of an attached instance, or of one that is reported by hand.
    Instance,
    /// The name of an attached instance; left out of the output when there is only one, without a
    /// name.
    Optional,
    /// One of these.
    Closed(&'static [&'static str]),
    /// `100` to `999`, or `unknown` for a number that is no HTTP status code.
    StatusCode,
    /// The name of a family of the catalogue.
    Metric,
}

const STATUS_CODES: u32 = 900;

static STATUS_DIGITS: [[u8; 3]; STATUS_CODES as usize] = {
    let mut digits = [[0; 3]; STATUS_CODES as usize];
    let mut code = 100;
    while code < 1000 {
        digits[code - 100] =
            [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        code += 1;
    }
    digits
};

impl LabelValues {
    /// How many values there are, if that is known beforehand.
    pub(crate) fn count(self) -> Option<u32> {
        match self {
            Self::Open | Self::Instance | Self::Optional => None,
            Self::Closed(values) => Some(values.len() as u32),
            Self::StatusCode => Some(STATUS_CODES + 1),
            Self::Metric => Some(CATALOGUE.len() as u32),
        }
    }

    pub(crate) fn is_open(self) -> bool {
        self.count().is_none()
    }

    /// The index of a value that is known beforehand.
    pub(crate) fn index_of(self, text: &str) -> Option<u32> {
        (0..self.count()?).find(|index| self.text(*index) == text)
    }

    /// The text of the value with this index.
    pub(crate) fn text(self, index: u32) -> &'static str {
        match self {
            Self::Open | Self::Instance | Self::Optional => "",
            Self::Closed(values) => values[index as usize],
            Self::StatusCode => STATUS_DIGITS
                .get(index as usize)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .unwrap_or("unknown"),
            Self::Metric => CATALOGUE[index as usize].name,
        }
    }
}

const fn open(name: &'static str) -> LabelSpec {
    LabelSpec { name, values: LabelValues::Open }
}

const fn instance(name: &'static str) -> LabelSpec {
    LabelSpec { name, values: LabelValues::Instance }
}

const fn closed(name: &'static str, values: &'static [&'static str]) -> LabelSpec {
    LabelSpec { name, values: LabelValues::Closed(values) }
}

pub(crate) const AGENT_ID: LabelSpec = open("agent_id");
pub(crate) const AUTH_METHOD: LabelSpec = open("auth_method");
pub(crate) const CACHE: LabelSpec = instance("cache");
pub(crate) const CAUSE: LabelSpec = closed("cause", &["expired", "explicit", "replaced", "size"]);
pub(crate) const CUT: LabelSpec = closed("reason", CutReason::NAMES);
pub(crate) const DECISION: LabelSpec = closed("decision", PolicyDecisionType::NAMES);
pub(crate) const ERROR_TYPE: LabelSpec = open("error_type");
pub(crate) const FROM_STATE: LabelSpec = closed("from_state", CircuitBreakerState::NAMES);
pub(crate) const METHOD: LabelSpec = closed("method", METHODS);
pub(crate) const METRIC: LabelSpec = LabelSpec { name: "metric", values: LabelValues::Metric };
pub(crate) const NAME: LabelSpec = instance("name");
pub(crate) const OPERATION: LabelSpec = closed("operation", DatabaseOperationType::NAMES);
pub(crate) const OUTCOME: LabelSpec = closed("outcome", &["cancelled", "panicked"]);
pub(crate) const POOL: LabelSpec = LabelSpec { name: "pool", values: LabelValues::Optional };
pub(crate) const QUERY_STATUS: LabelSpec = closed("status", QueryStatus::NAMES);
pub(crate) const REASON: LabelSpec = open("reason");
pub(crate) const RESULT: LabelSpec = closed("result", &["error", "success"]);
pub(crate) const ROUTE: LabelSpec = open("route");
pub(crate) const STATUS_CLASS: LabelSpec = closed("status_class", STATUS_CLASSES);
pub(crate) const STATUS_CODE: LabelSpec =
    LabelSpec { name: "status_code", values: LabelValues::StatusCode };
pub(crate) const TABLE: LabelSpec = open("table");
pub(crate) const TO_STATE: LabelSpec = closed("to_state", CircuitBreakerState::NAMES);

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"];

pub(crate) const STATUS_CLASSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx", "unknown"];

/// Index of the class of a status code, or `None` for a number outside the five classes of HTTP.
pub(crate) fn status_class_index(status_code: u16) -> Option<u32> {
    u32::from(status_code / 100).checked_sub(1).filter(|class| *class < UNKNOWN_STATUS_CLASS)
}

/// Index of the `unknown` class.
pub(crate) const UNKNOWN_STATUS_CLASS: u32 = STATUS_CLASSES.len() as u32 - 1;

/// Index of a request method: the nine of RFC 9110 and RFC 5789, case-sensitive as HTTP has them;
/// everything else is `OTHER`, since a client may invent methods without end.
#[inline]
pub(crate) fn method_index(method: &str) -> u32 {
    match method {
        "GET" => 0,
        "HEAD" => 1,
        "POST" => 2,
        "PUT" => 3,
        "DELETE" => 4,
        "CONNECT" => 5,
        "OPTIONS" => 6,
        "TRACE" => 7,
        "PATCH" => 8,
        _ => 9,
    }
}

/// Index of a status code, or `None` for a number outside the range that HTTP allows.
#[inline]
pub(crate) fn status_code_index(status_code: u16) -> Option<u32> {
    u32::from(status_code).checked_sub(100).filter(|index| *index < STATUS_CODES)
}

/// Index of the `unknown` status code.
pub(crate) const UNKNOWN_STATUS_CODE: u32 = STATUS_CODES;

macro_rules! label_enum {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $value:literal => $text:literal, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$vdoc])* $variant = $value, )* }

        impl $name {
            pub(crate) const NAMES: &[&str] = &[ $( $text, )* ];
            #[allow(dead_code, reason = "not every enum is followed by another in a packed number")]
            pub(crate) const COUNT: u32 = Self::NAMES.len() as u32;

            /// The label value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            pub(crate) const fn index(self) -> u32 {
                self as u32
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

label_enum! {
    /// What a policy evaluation decided.
    PolicyDecisionType {
        /// The action may go ahead.
        Allowed = 0 => "allowed",
        /// The action may not.
        Denied = 1 => "denied",
        /// The evaluation itself failed.
        Error = 2 => "error",
    }
}

label_enum! {
    /// What a database statement does.
    DatabaseOperationType {
        /// Reads rows.
        Select = 0 => "select",
        /// Adds rows.
        Insert = 1 => "insert",
        /// Changes rows.
        Update = 2 => "update",
        /// Removes rows.
        Delete = 3 => "delete",
        /// Anything else: DDL, transactions, what can't be read.
        Other = 4 => "other",
    }
}

label_enum! {
    /// How a database statement ended.
    QueryStatus {
        /// It was answered.
        Success = 0 => "success",
        /// It failed, or was given up before an answer came.
        Error = 1 => "error",
    }
}

label_enum! {
    /// The state of a circuit breaker; the discriminant is the gauge's value.
    CircuitBreakerState {
        /// Calls go through.
        Closed = 0 => "closed",
        /// Calls are rejected.
        Open = 1 => "open",
        /// Calls go through on trial.
        HalfOpen = 2 => "half_open",
    }
}

label_enum! {
    /// Why the metrics endpoint let go of a client.
    CutReason {
        /// Its time was over.
        Timeout = 0 => "timeout",
        /// As many as allowed were there, and another one came.
        Displaced = 1 => "displaced",
    }
}
