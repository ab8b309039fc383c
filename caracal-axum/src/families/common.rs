//! The common parts of the families of both layers.

use std::time::Duration;

use caracal_metrics_core::labels;

labels! {
    /// How a stream ended.
    pub enum StreamEnd {
        /// It was sent completely.
        Completed => "completed",
        /// The client disconnected, or the server was shut down.
        Client => "client",
        /// Its body, or the code that served the connection, failed or panicked.
        Error => "error",
    }
}

/// The names that labels of the user have in the source.
pub const CUSTOM_LABELS: [&str; 3] = ["custom_1", "custom_2", "custom_3"];

/// The buckets of the sizes of bodies: from 64 bytes to 256 MiB, each four times the previous one.
pub const BODY_SIZES: &[f64] = &[
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
];

/// The buckets of the durations of streams: from a second to a day.
pub const STREAM_DURATIONS: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3_600),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(4 * 3_600),
    Duration::from_secs(8 * 3_600),
    Duration::from_secs(12 * 3_600),
    Duration::from_secs(24 * 3_600),
];
