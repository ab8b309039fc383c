//! Streams: responses and connections that continue long after the head of the response.

use std::fmt;
use std::time::Duration;

use caracal_metrics_core::{
    DurationHistogram, FamilyError, Gauge, GaugeGuard, Metric, MetricsRegistry,
};

use crate::families::{
    EndedHttpStream, EndedStream, GATEWAY_STREAM_DURATION, GATEWAY_STREAMS_OPEN,
    HTTP_SERVER_STREAM_DURATION, HTTP_SERVER_STREAMS_OPEN, OpenHttpStream, OpenStream, StreamEnd,
};

/// Records streams.
pub trait Streams: fmt::Debug + Send + Sync {
    /// Counts a stream as open until the guard is dropped.
    fn track(&self, route: Option<&str>) -> GaugeGuard;

    /// From now on, counts a request that was in flight as an open stream.
    fn take_over(&self, route: Option<&str>, in_flight: &mut GaugeGuard);

    /// Counts a stream that has ended.
    fn ended(&self, route: Option<&str>, ended: StreamEnd, duration: Duration);
}

macro_rules! streams {
    ($name:ident: $open:ident in $open_family:ident, $ended:ident in $ended_family:ident, $route:ident) => {
        #[derive(Debug)]
        pub(super) struct $name {
            open: Metric<Gauge, $open<'static>>,
            duration: Metric<DurationHistogram, $ended<'static>>,
        }

        impl $name {
            pub(super) fn new(metrics: &MetricsRegistry) -> Result<Self, FamilyError> {
                let open = metrics.family(&$open_family)?;
                Ok(Self { open, duration: metrics.family(&$ended_family)? })
            }
        }

        impl Streams for $name {
            fn track(&self, route: Option<&str>) -> GaugeGuard {
                self.open.track($open { $route: route })
            }

            fn take_over(&self, route: Option<&str>, in_flight: &mut GaugeGuard) {
                self.open.take_over($open { $route: route }, in_flight);
            }

            fn ended(&self, route: Option<&str>, ended: StreamEnd, duration: Duration) {
                self.duration.observe($ended { $route: route, ended }, duration);
            }
        }
    };
}

streams!(
    GatewayStreams: OpenStream in GATEWAY_STREAMS_OPEN,
    EndedStream in GATEWAY_STREAM_DURATION,
    route
);
streams!(
    HttpStreams: OpenHttpStream in HTTP_SERVER_STREAMS_OPEN,
    EndedHttpStream in HTTP_SERVER_STREAM_DURATION,
    http_route
);
