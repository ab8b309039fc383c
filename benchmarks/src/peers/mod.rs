//! The same work, each library in the way that it is fastest.

mod caracal;
mod fastmetrics;
mod measured;
pub(crate) mod metrics;
pub(crate) mod peer;
mod prometheus;
mod prometheus_client;

pub(crate) use self::caracal::CARACAL;
use self::peer::{Peer, Work};

/// What is measured, and which of a library's work that is.
pub(crate) type Row = (&'static str, fn(&Peer) -> Work);

pub(crate) const RECORDS: [Row; 5] = [
    ("counter, handle", |peer| (peer.handle)()),
    ("counter, 3 labels by value", |peer| (peer.counter)()),
    ("histogram, 2 labels by value (ours: and a counter, 3 labels)", |peer| (peer.histogram)()),
    ("a user's own counter, one enum and one text label", |peer| (peer.own_counter)()),
    ("gateway request: in flight ±1, counter, histogram", |peer| (peer.request)()),
];

/// What all are compared with comes first, ours last.
pub(crate) const PEERS: [Peer; 6] = [
    self::prometheus::PROMETHEUS,
    self::prometheus_client::PROMETHEUS_CLIENT,
    self::metrics::METRICS,
    self::measured::MEASURED,
    self::fastmetrics::FASTMETRICS,
    CARACAL,
];
