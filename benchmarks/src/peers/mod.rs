//! The same work, done by each library in its fastest ways.

pub(crate) mod caracal;
mod fastmetrics;
mod measured;
mod measured_text;
pub(crate) mod metrics;
pub(crate) mod names;
pub(crate) mod peer;
mod prometheus;
mod prometheus_client;
mod prometheus_local;
mod work;

pub(crate) use self::caracal::CARACAL;
use self::peer::{Peer, Work};

/// The name of a record, and the function that creates the work of a library.
pub(crate) type Row = (&'static str, fn(&Peer) -> Work);

pub(crate) const RECORDS: [Row; 8] = [
    ("counter, handle", |peer| (peer.handle)()),
    ("counter, 3 labels by value", |peer| (peer.counter)()),
    ("custom counter, 3 enum labels", |peer| (peer.enum_counter)()),
    ("custom counter, one enum and one text label", |peer| (peer.own_counter)()),
    ("custom histogram, one enum and one text label", |peer| (peer.histogram)()),
    ("database query: counter with 3 labels, histogram with 2", |peer| (peer.query)()),
    ("gateway request: in flight ±1, counter, histogram", |peer| (peer.request)()),
    ("gateway request by handle", |peer| (peer.request_handle)()),
];

/// The first one is the one that all others are compared with. Ours is the last one.
pub(crate) const PEERS: [Peer; 8] = [
    self::prometheus::PROMETHEUS,
    self::prometheus_local::PROMETHEUS_LOCAL,
    self::prometheus_client::PROMETHEUS_CLIENT,
    self::metrics::METRICS,
    self::measured::MEASURED,
    self::measured_text::MEASURED_TEXT,
    self::fastmetrics::FASTMETRICS,
    CARACAL,
];
