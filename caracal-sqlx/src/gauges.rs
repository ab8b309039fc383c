//! The gauges that a scrape reads from a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::AttachError;
use caracal_metrics_core::adapter::{Gauges, Instance, InstanceBuilder, Sampled, SampledGauge};
use caracal_metrics_core::catalogue::{
    DATABASE_CONNECTION_POOL_CHECKED_OUT, DATABASE_CONNECTION_POOL_OVERFLOW,
    DATABASE_CONNECTION_POOL_SIZE, Pool as PoolLabel,
};
use sqlx::{Database, Pool};

use crate::connections::ConnectionCounter;
use crate::families::{
    DATABASE_CONNECTION_POOL_IDLE, DATABASE_CONNECTION_POOL_MIN, DATABASE_CONNECTION_POOL_OPEN,
    DATABASE_CONNECTION_POOL_PENDING,
};

/// Adds the pool's gauges to the output. `pending` and `connections` are added if they are counted.
pub(crate) fn attach<DB: Database>(
    pool: Pool<DB>,
    baseline: Option<u32>,
    pending: Option<Arc<AtomicU64>>,
    connections: Option<&ConnectionCounter>,
    label: PoolLabel<'_>,
    mut builder: InstanceBuilder,
) -> Result<Instance, AttachError> {
    let gauges = PoolGauges {
        size: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_SIZE, label)?,
        checked_out: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_CHECKED_OUT, label)?,
        overflow: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_OVERFLOW, label)?,
        open: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_OPEN, label)?,
        idle: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_IDLE, label)?,
        min: builder.sampled_gauge(&DATABASE_CONNECTION_POOL_MIN, label)?,
    };
    let pending = match pending {
        Some(count) => {
            Some((builder.sampled_gauge(&DATABASE_CONNECTION_POOL_PENDING, label)?, count))
        }
        None => None,
    };
    let connections = match connections {
        Some(counter) => Some(counter.attach(&mut builder, label)?),
        None => None,
    };
    Ok(builder.on_scrape_inline(move |scrape| {
        if pool.is_closed() {
            return Sampled::Gone;
        }
        gauges.set(scrape, &Reading::of(&pool, baseline));
        if let Some((gauge, count)) = &pending {
            scrape.set(*gauge, count.load(Relaxed));
        }
        if let Some(counts) = &connections {
            counts.read(scrape, || pool.size());
        }
        Sampled::Live
    }))
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

/// One reading of a pool. `idle <= open <= max` holds.
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
        // sqlx 0.9 releases the permit of a connection before it counts the connection as idle. If
        // another task takes the connection first, the count is below zero for a moment. Read without a
        // sign, it would be more idle connections than exist.
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
        // This is what `num_idle` returns at that moment, which is rare in a running pool.
        let reading = Reading::from_counts(4, 0, None, 4, usize::MAX);
        assert_eq!((reading.open, reading.idle), (4, 0));
    }

    #[test]
    fn idle_and_open_stay_within_what_the_pool_may_hold() {
        // The counts are read one after the other, and connections are opened and closed in between.
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
