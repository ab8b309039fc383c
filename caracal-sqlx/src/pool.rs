//! The gauges of a pool.

use caracal_metrics_core::adapter::{
    Gauges, Instance, InstanceBuilder, InstanceKind, Sampled, SampledGauge,
};
use caracal_metrics_core::catalogue::Metric;
use caracal_metrics_core::{AttachError, MetricsRegistry};
use sqlx::{Database, Pool};

use crate::connection_error::ConnectionErrors;

/// Observes a connection pool.
///
/// | family | value |
/// |---|---|
/// | `caracal_database_connection_pool_size` | `max_connections`: how many the pool may hold |
/// | `…_checked_out` | open connections that are not idle |
/// | `…_overflow` | open connections beyond `min_connections`, or beyond the [`baseline`](Self::baseline); 0 when that is 0 |
/// | `…_open` | connections that exist, those still being dialled included |
/// | `…_idle` | open connections that nobody uses |
/// | `…_min` | `min_connections`, at most `max_connections` |
///
/// `checked_out / size` is therefore the share of the capacity that is in use: a pool that opens
/// its connections lazily does not read as full. A connection that was given back stays checked out
/// until sqlx has put it among the idle ones.
///
/// One pool needs no name. To observe several in one registry give each a [name](Self::named),
/// which becomes the label `pool`.
///
/// ```
/// use caracal_metrics_core::MetricsRegistry;
/// use caracal_sqlx::PoolObserver;
/// # use sqlx::sqlite::SqlitePoolOptions;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let primary = SqlitePoolOptions::new().max_connections(8).connect_lazy("sqlite::memory:")?;
/// # let replica = SqlitePoolOptions::new().max_connections(3).connect_lazy("sqlite::memory:")?;
/// let metrics = MetricsRegistry::new();
/// let primary = PoolObserver::new(&primary).named("primary").attach(&metrics)?;
/// let replica = PoolObserver::new(&replica).named("replica").attach(&metrics)?;
///
/// let size = |pool| metrics.sample("caracal_database_connection_pool_size", &[("pool", pool)]);
/// assert_eq!((size("primary"), size("replica")), (Some(8.0), Some(3.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is observed until `attach`"]
pub struct PoolObserver<DB: Database> {
    pool: Pool<DB>,
    name: Option<String>,
    baseline: Option<u32>,
}

impl<DB: Database> PoolObserver<DB> {
    /// An observer of this pool, of which it keeps a clone.
    pub fn new(pool: &Pool<DB>) -> Self {
        Self { pool: pool.clone(), name: None, baseline: None }
    }

    /// Puts the label `pool` with this value on every series of the pool.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Counts as overflow what the pool opens beyond this many connections, instead of beyond its
    /// `min_connections`. With 0 nothing is overflow.
    pub fn baseline(mut self, connections: u32) -> Self {
        self.baseline = Some(connections);
        self
    }

    /// Puts the pool's gauges into the output, and all types of connection errors at 0.
    ///
    /// # Errors
    ///
    /// When the name is empty or another live pool's, or pools with and without names would stand
    /// in one registry. A pool that is closed, or whose guard is dropped, is in nobody's way.
    pub fn attach(self, metrics: &MetricsRegistry) -> Result<PoolGuard, AttachError> {
        let builder = reserve(metrics, self.name.as_deref())?;
        let instance = self.observe(builder)?;
        Ok(PoolGuard { instance, errors: ConnectionErrors::new(metrics) })
    }

    fn observe(self, mut builder: InstanceBuilder) -> Result<Instance, AttachError> {
        let gauges = PoolGauges {
            size: builder.gauge(Metric::DatabaseConnectionPoolSize, &[])?,
            checked_out: builder.gauge(Metric::DatabaseConnectionPoolCheckedOut, &[])?,
            overflow: builder.gauge(Metric::DatabaseConnectionPoolOverflow, &[])?,
            open: builder.gauge(Metric::DatabaseConnectionPoolOpen, &[])?,
            idle: builder.gauge(Metric::DatabaseConnectionPoolIdle, &[])?,
            min: builder.gauge(Metric::DatabaseConnectionPoolMin, &[])?,
        };
        let Self { pool, baseline, .. } = self;
        Ok(builder.on_scrape(move |scrape| {
            if pool.is_closed() {
                return Sampled::Gone;
            }
            gauges.set(scrape, &Reading::of(&pool, baseline));
            Sampled::Live
        }))
    }
}

/// Reserves the name.
fn reserve(metrics: &MetricsRegistry, name: Option<&str>) -> Result<InstanceBuilder, AttachError> {
    let attach = || metrics.attach(InstanceKind::ConnectionPool, name);
    attach().or_else(|error| match error {
        AttachError::NameTaken { .. }
        | AttachError::UnnamedTaken { .. }
        | AttachError::NamedAndUnnamed { .. } => {
            // The one in the way may be closed without a scrape having seen it: a service that
            // replaces its pool can't wait for one.
            let _page = metrics.generate_metrics();
            attach()
        }
        error => Err(error),
    })
}

/// Keeps the gauges of a pool in the output; dropping it takes them out and frees the name.
///
/// The page then reads as if nothing had been attached: `…_pool_size`, `…_checked_out` and
/// `…_overflow` are families that always stand, without a label and at 0.
///
/// It holds a clone of the pool, since sqlx has no weak handle: the pool's connections stay open
/// until the guard is dropped too, or [`Pool::close`] is called. Closing takes the series away with
/// the next scrape. The registry holds neither the guard nor the pool.
#[derive(Debug)]
#[must_use = "the pool's series leave the output when the guard is dropped"]
pub struct PoolGuard {
    instance: Instance,
    errors: ConnectionErrors,
}

impl PoolGuard {
    /// The name of the pool, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.instance.name()
    }

    /// Counts connection errors; clones of it may outlive the guard.
    #[must_use]
    pub fn connection_errors(&self) -> &ConnectionErrors {
        &self.errors
    }
}

#[derive(Clone, Copy)]
struct PoolGauges {
    size: SampledGauge,
    checked_out: SampledGauge,
    overflow: SampledGauge,
    open: SampledGauge,
    idle: SampledGauge,
    min: SampledGauge,
}

impl PoolGauges {
    fn set(&self, scrape: &Gauges<'_>, reading: &Reading) {
        scrape.set(self.size, reading.max.into());
        scrape.set(self.checked_out, (reading.open - reading.idle).into());
        scrape.set(self.overflow, reading.overflow.into());
        scrape.set(self.open, reading.open.into());
        scrape.set(self.idle, reading.idle.into());
        scrape.set(self.min, reading.min.into());
    }
}

/// One look at a pool; `idle <= open <= max`.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    max: u32,
    min: u32,
    open: u32,
    idle: u32,
    overflow: u32,
}

impl Reading {
    fn of<DB: Database>(pool: &Pool<DB>, baseline: Option<u32>) -> Self {
        let options = pool.options();
        Self::from_counts(
            options.get_max_connections(),
            options.get_min_connections(),
            baseline,
            pool.size(),
            pool.num_idle(),
        )
    }

    fn from_counts(max: u32, min: u32, baseline: Option<u32>, size: u32, num_idle: usize) -> Self {
        let min = min.min(max);
        let open = size.min(max);
        // sqlx 0.9 frees the permit of a connection before it counts it as idle, so whoever takes
        // it first brings the count below zero for an instant. Read without a sign, that would be
        // more idle connections than there are, at the very moment when none is.
        let idle = u32::try_from(num_idle.cast_signed().max(0)).unwrap_or(u32::MAX).min(open);
        let floor = baseline.unwrap_or(min);
        let overflow = if floor == 0 { 0 } else { open.saturating_sub(floor) };
        Self { max, min, open, idle, overflow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_count_below_zero_is_no_idle_connection() {
        // What `num_idle` reads in that instant; to meet it in a running pool takes luck.
        let reading = Reading::from_counts(4, 0, None, 4, usize::MAX);
        assert_eq!((reading.open, reading.idle), (4, 0));
    }

    #[test]
    fn idle_and_open_stay_within_what_the_pool_may_hold() {
        // The counts are read one after the other, and connections come and go between.
        let reading = Reading::from_counts(4, 9, None, 6, 7);
        assert_eq!((reading.max, reading.min, reading.open, reading.idle), (4, 4, 4, 4));
    }

    #[test]
    fn overflow_is_counted_from_the_floor() {
        let overflow =
            |min, baseline, open| Reading::from_counts(10, min, baseline, open, 0).overflow;
        assert_eq!(overflow(0, None, 7), 0);
        assert_eq!(overflow(5, None, 7), 2);
        assert_eq!(overflow(5, None, 3), 0);
        assert_eq!(overflow(5, Some(6), 7), 1);
        assert_eq!(overflow(0, Some(2), 7), 5);
        assert_eq!(overflow(5, Some(0), 7), 0);
    }
}
