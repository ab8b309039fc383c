//! The cost of a wrapped `get` of an existing key, compared with that of the inner cache in the same
//! run.
//!
//! Rounds of both alternate, and each is compared with its neighbour, so that changes in the speed of the
//! machine affect both. Ends with an error if the median ratio is over the limit.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its user")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use caracal_cache::CacheObserver;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt as _;

const LIMIT: f64 = 1.1;
const ROUNDS: usize = 401;
const GETS: u32 = 10_000;
const KEYS: u32 = 1_000;

fn time(mut get: impl FnMut(&u32)) -> Duration {
    let start = Instant::now();
    for n in 0..GETS {
        get(black_box(&(n % KEYS)));
    }
    start.elapsed()
}

/// The median ratio of the costs of neighbouring rounds.
fn ratio(mut bare: impl FnMut(&u32), mut wrapped: impl FnMut(&u32)) -> f64 {
    let mut ratios: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            // Alternates, so that the caches are not always warm for the same one.
            let (bare, wrapped) = if round % 2 == 0 {
                let bare = time(&mut bare);
                (bare, time(&mut wrapped))
            } else {
                let wrapped = time(&mut wrapped);
                (time(&mut bare), wrapped)
            };
            wrapped.as_secs_f64() / bare.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ROUNDS / 2]
}

macro_rules! compare {
    ($cache:expr, $observer:expr $(, $now:ident)?) => {{
        let metrics = MetricsRegistry::new();
        let bare = $cache;
        for key in 0..KEYS {
            let _ = bare.insert(key, u64::from(key))$(.$now())?;
        }
        let wrapped = $observer.wrap(bare.clone(), &metrics).expect("the name is free");
        ratio(
            |key| {
                black_box(bare.get(key)$(.$now())?);
            },
            |key| {
                black_box(wrapped.get(key)$(.$now())?);
            },
        )
    }};
}

fn main() -> ExitCode {
    let named = || CacheObserver::named("bench");
    let ratios = [
        ("future", compare!(moka::future::Cache::new(10_000), named(), now_or_never)),
        (
            "future, policy",
            compare!(moka::future::Cache::new(10_000), CacheObserver::policy(), now_or_never),
        ),
        ("sync", compare!(moka::sync::Cache::new(10_000), named())),
        ("segmented", compare!(moka::sync::SegmentedCache::new(10_000, 4), named())),
    ];
    for (kind, ratio) in ratios {
        println!("wrapped get / bare get, {kind}: {ratio:.3}");
    }
    if ratios.iter().any(|(_, ratio)| *ratio > LIMIT) {
        println!("over {LIMIT}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
