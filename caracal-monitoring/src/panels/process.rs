//! The process, and the metrics about the registry itself.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Process and metrics",
    panels: &[
        Panel::timeseries("CPU", 6)
            .note("The number of cores in use.")
            .unit("short")
            .queries(&[("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}")]),
        Panel::timeseries("Memory", 6).unit("bytes").queries(&[
            ("process_resident_memory_bytes", "resident {{instance}}"),
            ("process_virtual_memory_bytes", "virtual {{instance}}"),
        ]),
        Panel::timeseries("File descriptors and threads", 6).unit("short").queries(&[
            ("process_open_fds", "open files {{instance}}"),
            ("process_max_fds", "max open files {{instance}}"),
            ("process_threads", "threads {{instance}}"),
        ]),
        Panel::stat("Uptime", 6)
            .unit("s")
            .queries(&[("time() - process_start_time_seconds", "{{instance}}")]),
        Panel::timeseries("Scrapes", 6).unit("ops").height(6).queries(&[(
            "sum by (status_code) (rate(caracal_metrics_scrapes_total\
             [$__rate_interval]))",
            "{{status_code}}",
        )]),
        Panel::timeseries("Scrapes in flight and dropped", 6).height(6).unit("short").queries(&[
            ("sum(caracal_metrics_scrapes_in_flight)", "in flight"),
            (
                "sum by (reason) (increase(caracal_metrics_scrapes_given_up_total\
                 [$__rate_interval]))",
                "dropped: {{reason}}",
            ),
        ]),
        Panel::timeseries("Time to generate the page", 6)
            .height(6)
            .quantiles("caracal_metrics_scrape_page_duration_seconds"),
        Panel::timeseries("Series relative to the limit", 12)
            .note("The instance with the most series, for each family. See the alert SeriesNearLimit.")
            .unit("percentunit")
            .height(6)
            .queries(&[(
                "max by (metric) (caracal_metrics_series / caracal_metrics_series_limit)",
                "{{metric}}",
            )]),
        Panel::timeseries("Merged updates, corrected values and collection errors", 12)
            .note(
                "If a value is above zero, see the alert MetricSeriesLimited, or the \
                 log of the service.",
            )
            .unit("ops")
            .height(6)
            .queries(&[
                (
                    "sum by (metric) (rate(caracal_metrics_series_limited_total\
                     [$__rate_interval])) or vector(0)",
                    "merged {{metric}}",
                ),
                (
                    "sum by (metric) (rate(caracal_metrics_invalid_values_total\
                     [$__rate_interval])) or vector(0)",
                    "corrected {{metric}}",
                ),
                (
                    "sum(rate(caracal_metrics_collection_errors_total\
                     [$__rate_interval]))",
                    "collection errors",
                ),
            ]),
    ],
};
