//! Requests under the names of OpenTelemetry.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "HTTP requests",
    panels: &[
        Panel::stat("Requests", 6).unit("reqps").height(4).queries(&[(
            "sum(rate(http_server_request_duration_seconds_count\
             [$__rate_interval]))",
            "requests",
        )]),
        Panel::stat("Failed requests", 6)
            .note(
                "The ratio of requests with a 5xx response or without any response. \
                 The alerts compare it with 0.1%.",
            )
            .unit("percentunit")
            .height(4)
            .thresholds(&[0.001, 0.0144])
            .queries(&[(
                "(sum(rate(http_server_request_duration_seconds_count\
                 {error_type=~\"5..|failed\"}[$__rate_interval])) or vector(0)) / \
                 sum(rate(http_server_request_duration_seconds_count\
                 [$__rate_interval]))",
                "failed",
            )]),
        Panel::stat("99th percentile of latency", 6).height(4).thresholds(&[0.5, 1.0]).queries(&[
            (
                "histogram_quantile(0.99, sum by (le) \
                 (rate(http_server_request_duration_seconds_bucket\
                 [$__rate_interval])))",
                "p99",
            ),
        ]),
        Panel::stat("Active requests", 6)
            .unit("short")
            .height(4)
            .queries(&[("sum(http_server_active_requests)", "active")]),
        Panel::timeseries("Requests by status code", 12).unit("reqps").stacked().queries(&[(
            "sum by (http_response_status_code) \
             (rate(http_server_request_duration_seconds_count\
             [$__rate_interval]))",
            "{{http_response_status_code}}",
        )]),
        Panel::timeseries("Requests by method", 12).unit("reqps").stacked().queries(&[(
            "sum by (http_request_method) (rate(\
             http_server_request_duration_seconds_count[$__rate_interval]))",
            "{{http_request_method}}",
        )]),
        Panel::timeseries("Latency", 12)
            .thresholds(&[0.5, 1.0])
            .quantiles("http_server_request_duration_seconds"),
        Panel::heatmap("Latency, all requests", 12).queries(&[(
            "sum by (le) (increase(http_server_request_duration_seconds_bucket\
             [$__rate_interval]))",
            "{{le}}",
        )]),
        Panel::timeseries("Requests by route", 12).unit("reqps").stacked().queries(&[(
            "topk(10, sum by (http_route) (rate(\
             http_server_request_duration_seconds_count[$__rate_interval])))",
            "{{http_route}}",
        )]),
        Panel::timeseries("Latency by route, 95th percentile", 12).queries(&[(
            "topk(10, histogram_quantile(0.95, sum by (le, \
             http_request_method, http_route) \
             (rate(http_server_request_duration_seconds_bucket\
             [$__rate_interval]))))",
            "{{http_request_method}} {{http_route}}",
        )]),
        Panel::timeseries("Time to the first byte", 8).quantiles("http_server_first_byte_seconds"),
        Panel::timeseries("Size of request bodies", 8)
            .quantiles("http_server_request_body_size_bytes"),
        Panel::timeseries("Size of response bodies", 8)
            .quantiles("http_server_response_body_size_bytes"),
        Panel::timeseries("Open streams", 8).unit("short").queries(&[(
            "sum by (http_route) (http_server_streams_open) or vector(0)",
            "{{http_route}}",
        )]),
        Panel::timeseries("gRPC calls by status", 8).unit("reqps").stacked().queries(&[(
            "sum by (grpc_status) (rate(http_server_grpc_requests_total\
             [$__rate_interval]))",
            "{{grpc_status}}",
        )]),
    ],
};
