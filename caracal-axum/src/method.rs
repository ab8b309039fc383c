//! The methods that requests are counted under.

use http::Method;

use crate::families::RequestMethod;

impl RequestMethod {
    /// A request's method, without a copy of one that a client made up.
    #[inline]
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            Method::CONNECT => Self::Connect,
            Method::OPTIONS => Self::Options,
            Method::TRACE => Self::Trace,
            Method::PATCH => Self::Patch,
            _ => Self::invented(method),
        }
    }

    /// `http` has no constant for this one.
    #[cold]
    fn invented(method: &Method) -> Self {
        if method.as_str() == "QUERY" { Self::Query } else { Self::Other }
    }

    /// What the families of the gateway call it.
    #[inline]
    pub(crate) const fn gateway_label(self) -> &'static str {
        match self {
            Self::Query | Self::Other => "OTHER",
            known => known.as_str(),
        }
    }
}
