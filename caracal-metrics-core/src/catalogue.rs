//! The one table of every metric: name, type, help, unit, labels and buckets.
//!
//! Registration, exposition, the README's metric reference and the tests are derived from it. The
//! first 22 families are those of the Python module `caracal.monitoring`; their names, types, help
//! texts, labels and buckets are in use by dashboards and alerts and may not change.

use std::time::Duration;

use crate::engine::HISTOGRAM_BUCKETS;
use crate::labels::{
    AGENT_ID, AUTH_METHOD, CACHE, CAUSE, CUT, DECISION, ERROR_TYPE, FROM_STATE, METHOD, METRIC,
    NAME, OPERATION, OUTCOME, POOL, QUERY_STATUS, REASON, RESULT, ROUTE, STATUS_CLASS, STATUS_CODE,
    TABLE, TO_STATE,
};
pub use crate::labels::{LabelSpec, LabelValues};
use crate::series::MAX_OPEN;

/// The type of a family, as `# TYPE` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Durations counted into buckets, with their sum.
    Histogram,
}

impl MetricKind {
    /// The word that `# TYPE` carries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What feeds a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// One of the 22 families of the Python module: always in the output.
    Classic,
    /// An adapter: in the output while something is attached.
    Adapter,
    /// The registry itself: always in the output.
    Registry,
}

/// One family of the catalogue.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// The full metric name.
    pub name: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// The help text, unescaped.
    pub help: &'static str,
    /// The unit of the values (`seconds`), or nothing for plain counts.
    pub unit: Option<&'static str>,
    /// The labels, in the order in which they are written.
    pub labels: &'static [LabelSpec],
    /// The upper bounds of a histogram's buckets, without `+Inf`; empty for other types.
    pub buckets: &'static [Duration],
    /// What feeds it.
    pub origin: Origin,
}

macro_rules! catalogue {
    ($( $id:ident $kind:ident($($buckets:ident)?) $origin:ident $name:literal $help:literal [$($label:ident),*] )*) => {
        /// Names a family of the catalogue in code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Metric { $( #[doc = concat!("`", $name, "`: ", $help, ".")] $id, )* }

        /// Every family, in the order of [`Metric`].
        pub static CATALOGUE: &[Family] = &[ $( Family {
            name: $name,
            kind: MetricKind::$kind,
            help: $help,
            unit: unit(MetricKind::$kind),
            labels: &[ $( $label ),* ],
            buckets: { #[allow(unused_mut, unused_assignments, reason = "only histograms name buckets")] { let mut b: &[Duration] = &[]; $( b = $buckets; )? b } },
            origin: Origin::$origin,
        }, )* ];

        impl Metric {
            pub(crate) const COUNT: usize = [ $( Metric::$id, )* ].len();
            pub(crate) const ALL: [Metric; Metric::COUNT] = [ $( Metric::$id, )* ];
        }
    };
}

// Every histogram of the catalogue measures time.
const fn unit(kind: MetricKind) -> Option<&'static str> {
    match kind {
        MetricKind::Histogram => Some("seconds"),
        _ => None,
    }
}

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const GATEWAY: &[Duration] = &[
    ms(5),
    ms(10),
    ms(25),
    ms(50),
    ms(75),
    ms(100),
    ms(250),
    ms(500),
    ms(750),
    ms(1_000),
    ms(2_500),
    ms(5_000),
    ms(7_500),
    ms(10_000),
];
const POLICY: &[Duration] =
    &[ms(1), us(2_500), ms(5), ms(10), ms(25), ms(50), ms(100), ms(250), ms(500), ms(1_000)];
const QUERY: &[Duration] = &[
    ms(1),
    us(2_500),
    ms(5),
    ms(10),
    ms(25),
    ms(50),
    ms(100),
    ms(250),
    ms(500),
    ms(1_000),
    ms(2_500),
];
// A load computes a value, asks a database or calls another service: from well below a query to the
// time-outs of calls. A page of 50 series takes microseconds, one of 100,000 and a collector that asks
// a server seconds.
const LOAD: &[Duration] = &[
    us(100),
    us(500),
    ms(1),
    us(2_500),
    ms(5),
    ms(10),
    ms(25),
    ms(50),
    ms(100),
    ms(250),
    ms(500),
    ms(1_000),
    ms(2_500),
    ms(10_000),
];

// A connection that is idle takes microseconds to get, one that has to be dialled milliseconds, and
// those who wait give up after thirty seconds unless they are told otherwise.
const POOL_WAITS: &[Duration] = &[
    us(100),
    ms(1),
    ms(5),
    ms(10),
    ms(25),
    ms(50),
    ms(100),
    ms(250),
    ms(500),
    ms(1_000),
    ms(2_500),
    ms(5_000),
    ms(10_000),
    ms(30_000),
];

catalogue! {
    GatewayRequests Counter() Classic "caracal_gateway_requests_total"
        "Total number of gateway requests" [METHOD, STATUS_CODE, AUTH_METHOD]
    GatewayRequestDuration Histogram(GATEWAY) Classic "caracal_gateway_request_duration_seconds"
        "Gateway request duration in seconds" [METHOD, STATUS_CODE]
    GatewayRequestsInFlight Gauge() Classic "caracal_gateway_requests_in_flight"
        "Number of gateway requests currently being processed" []
    GatewayAuthFailures Counter() Classic "caracal_gateway_auth_failures_total"
        "Total number of authentication failures" [AUTH_METHOD, REASON]
    GatewayReplayBlocks Counter() Classic "caracal_gateway_replay_blocks_total"
        "Total number of requests blocked by replay protection" [REASON]
    GatewayDegradedModeRequests Counter() Classic "caracal_gateway_degraded_mode_requests_total"
        "Total number of requests processed in degraded mode (using cached policies)" []
    PolicyEvaluations Counter() Classic "caracal_policy_evaluations_total"
        "Total number of policy evaluations" [DECISION, AGENT_ID]
    PolicyEvaluationDuration Histogram(POLICY) Classic "caracal_policy_evaluation_duration_seconds"
        "Policy evaluation duration in seconds" [DECISION]
    PolicyCacheHits Counter() Classic "caracal_policy_cache_hits_total"
        "Total number of policy cache hits" []
    PolicyCacheMisses Counter() Classic "caracal_policy_cache_misses_total"
        "Total number of policy cache misses" []
    PolicyCacheSize Gauge() Classic "caracal_policy_cache_size"
        "Current number of policies in cache" []
    PolicyCacheEvictions Counter() Classic "caracal_policy_cache_evictions_total"
        "Total number of policy cache evictions" []
    DatabaseQueries Counter() Classic "caracal_database_queries_total"
        "Total number of database queries" [OPERATION, TABLE, QUERY_STATUS]
    DatabaseQueryDuration Histogram(QUERY) Classic "caracal_database_query_duration_seconds"
        "Database query duration in seconds" [OPERATION, TABLE]
    DatabaseConnectionPoolSize Gauge() Classic "caracal_database_connection_pool_size"
        "Current database connection pool size" [POOL]
    DatabaseConnectionPoolCheckedOut Gauge() Classic "caracal_database_connection_pool_checked_out"
        "Number of database connections currently checked out" [POOL]
    DatabaseConnectionPoolOverflow Gauge() Classic "caracal_database_connection_pool_overflow"
        "Number of overflow database connections" [POOL]
    DatabaseConnectionErrors Counter() Classic "caracal_database_connection_errors_total"
        "Total number of database connection errors" [ERROR_TYPE]
    CircuitBreakerState Gauge() Classic "caracal_circuit_breaker_state"
        "Circuit breaker state (0=closed, 1=open, 2=half_open)" [NAME]
    CircuitBreakerFailures Counter() Classic "caracal_circuit_breaker_failures_total"
        "Total number of circuit breaker failures" [NAME]
    CircuitBreakerSuccesses Counter() Classic "caracal_circuit_breaker_successes_total"
        "Total number of circuit breaker successes" [NAME]
    CircuitBreakerStateChanges Counter() Classic "caracal_circuit_breaker_state_changes_total"
        "Total number of circuit breaker state changes" [NAME, FROM_STATE, TO_STATE]

    DatabaseConnectionPoolOpen Gauge() Adapter "caracal_database_connection_pool_open"
        "Number of database connections that the pool holds open" [POOL]
    DatabaseConnectionPoolIdle Gauge() Adapter "caracal_database_connection_pool_idle"
        "Number of open database connections that nobody uses" [POOL]
    DatabaseConnectionPoolMin Gauge() Adapter "caracal_database_connection_pool_min"
        "Number of database connections that the pool keeps open" [POOL]
    DatabaseConnectionPoolPending Gauge() Adapter "caracal_database_connection_pool_pending"
        "Number of callers that wait for a database connection" [POOL]
    DatabaseConnectionPoolAcquireDuration Histogram(POOL_WAITS) Adapter "caracal_database_connection_pool_acquire_duration_seconds"
        "Duration of waiting for a database connection in seconds" [POOL]
    DatabaseConnectionPoolHoldDuration Histogram(POOL_WAITS) Adapter "caracal_database_connection_pool_hold_duration_seconds"
        "Duration of keeping a database connection from the pool in seconds" [POOL]
    DatabaseConnectionPoolAcquireTimeouts Counter() Adapter "caracal_database_connection_pool_acquire_timeouts_total"
        "Total number of callers that got no database connection in time" [POOL]
    CircuitBreakerRejections Counter() Adapter "caracal_circuit_breaker_rejections_total"
        "Total number of calls that an open circuit breaker rejected" [NAME]
    CircuitBreakerUnfinishedCalls Counter() Adapter "caracal_circuit_breaker_unfinished_calls_total"
        "Total number of calls through a circuit breaker that ended without a result" [NAME, OUTCOME]
    CacheHits Counter() Adapter "caracal_cache_hits_total"
        "Total number of cache hits" [CACHE]
    CacheMisses Counter() Adapter "caracal_cache_misses_total"
        "Total number of cache misses" [CACHE]
    CacheEvictions Counter() Adapter "caracal_cache_evictions_total"
        "Total number of entries that the cache evicted (by size or expiry)" [CACHE]
    CacheRemovals Counter() Adapter "caracal_cache_removals_total"
        "Total number of entries removed from the cache, by cause" [CACHE, CAUSE]
    CacheSize Gauge() Adapter "caracal_cache_size"
        "Current number of entries in the cache" [CACHE]
    CacheWeightedSize Gauge() Adapter "caracal_cache_weighted_size"
        "Current sum of the weights of the entries in the cache" [CACHE]
    CacheLoadDuration Histogram(LOAD) Adapter "caracal_cache_load_duration_seconds"
        "Duration of loading a missing entry in seconds" [CACHE, RESULT]
    GatewayRouteRequests Counter() Adapter "caracal_gateway_route_requests_total"
        "Total number of gateway requests, by route" [ROUTE, METHOD, STATUS_CLASS]
    GatewayRouteRequestDuration Histogram(GATEWAY) Adapter "caracal_gateway_route_request_duration_seconds"
        "Gateway request duration in seconds, by route" [ROUTE, METHOD]
    Scrapes Counter() Adapter "caracal_metrics_scrapes_total"
        "Total number of scrapes that the metrics endpoint answered, by status code" [STATUS_CODE]
    ScrapesInFlight Gauge() Adapter "caracal_metrics_scrapes_in_flight"
        "Number of scrapes currently being answered" []
    ScrapePageDuration Histogram(LOAD) Adapter "caracal_metrics_scrape_page_duration_seconds"
        "Duration of making the page of metrics in seconds" []
    ScrapesGivenUp Counter() Adapter "caracal_metrics_scrapes_given_up_total"
        "Total number of scrapes that the metrics endpoint gave up because the client did not read the page" [CUT]
    ServerConnectionsClosed Counter() Adapter "caracal_metrics_server_connections_closed_total"
        "Total number of connections that the metrics server closed because they sent no request" [CUT]

    SeriesLimited Counter() Registry "caracal_metrics_series_limited_total"
        "Total number of records folded into an aggregated series because the family is full" [METRIC]
    InvalidValues Counter() Registry "caracal_metrics_invalid_values_total"
        "Total number of recorded values that were corrected or set aside" [METRIC]
    CollectionErrors Counter() Registry "caracal_metrics_collection_errors_total"
        "Total number of collectors and callbacks that failed, and of families left out, during a scrape" []
}

const _: () = {
    let mut place = 0;
    while place < CATALOGUE.len() {
        assert!(CATALOGUE[place].buckets.len() < HISTOGRAM_BUCKETS, "more buckets than a cell has");
        let (labels, mut label, mut open) = (CATALOGUE[place].labels, 0, 0);
        while label < labels.len() {
            open += matches!(
                labels[label].values,
                LabelValues::Open | LabelValues::Instance | LabelValues::Optional
            ) as usize;
            label += 1;
        }
        assert!(open <= MAX_OPEN, "more open labels than a key has");
        place += 1;
    }
};

impl Metric {
    /// The family's row in the catalogue.
    #[must_use]
    pub fn family(self) -> &'static Family {
        &CATALOGUE[self as usize]
    }
}

impl Family {
    /// How many label sets the labels with fixed values span.
    pub(crate) fn closed_sets(&self) -> u32 {
        self.labels.iter().filter_map(|label| label.values.count()).product()
    }

    /// How many labels take their values from outside.
    pub(crate) fn open_labels(&self) -> usize {
        self.labels.iter().filter(|label| label.values.is_open()).count()
    }
}
