//! Requests under the names of the gateway.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Requests",
    panels: &[
        Panel::stat("Requests", 6).unit("reqps").height(4).queries(&[(
            "sum(rate(caracal_gateway_requests_total[$__rate_interval]))",
            "requests",
        )]),
        Panel::stat("Failed requests", 6)
            .note(
                "The ratio of requests with a 5xx response. The alerts compare it \
                 with 0.1%.",
            )
            .unit("percentunit")
            .height(4)
            .thresholds(&[0.001, 0.0144])
            .queries(&[(
                "(sum(rate(caracal_gateway_requests_total{status_code=~\"5..\"}\
                 [$__rate_interval])) or vector(0)) / \
                 sum(rate(caracal_gateway_requests_total[$__rate_interval]))",
                "failed",
            )]),
        Panel::stat("Latency, 99th percentile", 6).height(4).thresholds(&[0.5, 1.0]).queries(&[(
            "histogram_quantile(0.99, sum by (le) \
                 (rate(caracal_gateway_request_duration_seconds_bucket\
                 [$__rate_interval])))",
            "p99",
        )]),
        Panel::stat("Requests in flight", 6)
            .unit("short")
            .height(4)
            .queries(&[("sum(caracal_gateway_requests_in_flight)", "in flight")]),
        Panel::timeseries("Requests by status code", 12).unit("reqps").stacked().queries(&[(
            "sum by (status_code) (rate(caracal_gateway_requests_total\
             [$__rate_interval]))",
            "{{status_code}}",
        )]),
        Panel::timeseries("Requests by method and authentication", 12)
            .unit("reqps")
            .stacked()
            .queries(&[(
                "sum by (method, auth_method) (rate(\
                 caracal_gateway_requests_total[$__rate_interval]))",
                "{{method}} {{auth_method}}",
            )]),
        Panel::timeseries("Latency", 12)
            .thresholds(&[0.5, 1.0])
            .quantiles("caracal_gateway_request_duration_seconds"),
        Panel::heatmap("Latency, all requests", 12).queries(&[(
            "sum by (le) (increase(\
             caracal_gateway_request_duration_seconds_bucket\
             [$__rate_interval]))",
            "{{le}}",
        )]),
        Panel::timeseries("Requests by route", 12).unit("reqps").stacked().queries(&[(
            "topk(10, sum by (route) (rate(\
             caracal_gateway_route_requests_total[$__rate_interval])))",
            "{{route}}",
        )]),
        Panel::timeseries("Latency by route, 95th percentile", 12).queries(&[(
            "topk(10, histogram_quantile(0.95, sum by (le, method, route) \
             (rate(caracal_gateway_route_request_duration_seconds_bucket\
             [$__rate_interval]))))",
            "{{method}} {{route}}",
        )]),
        Panel::timeseries("Authentication failures", 8).unit("reqps").queries(&[(
            "sum by (auth_method, reason) (rate(\
             caracal_gateway_auth_failures_total[$__rate_interval]))",
            "{{auth_method}}: {{reason}}",
        )]),
        Panel::timeseries("Replays blocked", 8).unit("reqps").queries(&[(
            "sum by (reason) (rate(caracal_gateway_replay_blocks_total\
             [$__rate_interval]))",
            "{{reason}}",
        )]),
        Panel::timeseries("Requests in degraded mode", 8).unit("reqps").queries(&[(
            "sum by (instance) (rate(\
             caracal_gateway_degraded_mode_requests_total[$__rate_interval]))",
            "{{instance}}",
        )]),
        Panel::timeseries("Time to the first byte", 8)
            .quantiles("caracal_gateway_request_first_byte_seconds"),
        Panel::timeseries("Size of request bodies", 8)
            .quantiles("caracal_gateway_request_body_size_bytes"),
        Panel::timeseries("Size of response bodies", 8)
            .quantiles("caracal_gateway_response_body_size_bytes"),
        Panel::timeseries("Open streams", 8).unit("short").queries(&[(
            "sum by (route) (caracal_gateway_streams_open) or vector(0)",
            "{{route}}",
        )]),
        Panel::timeseries("gRPC calls by status", 8).unit("reqps").stacked().queries(&[(
            "sum by (grpc_status) (rate(caracal_gateway_grpc_requests_total\
             [$__rate_interval]))",
            "{{grpc_status}}",
        )]),
    ],
};
