//! The methods under which requests are counted.

use http::Method;

use crate::families::RequestMethod;

impl RequestMethod {
    /// Returns the method of a request, without a copy of a method that a client made up.
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

    /// `http` has no constant for this method.
    #[cold]
    fn invented(method: &Method) -> Self {
        if method.as_str() == "QUERY" { Self::Query } else { Self::Other }
    }

    /// Returns the name of the method in the families of the gateway.
    #[inline]
    pub(crate) const fn gateway_label(self) -> &'static str {
        match self {
            Self::Query | Self::Other => "OTHER",
            known => known.as_str(),
        }
    }
}
