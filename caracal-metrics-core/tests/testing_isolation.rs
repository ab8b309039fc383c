//! Tests in the same process each have their own registry and clock.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use caracal_metrics_core::testing::{
    Clock, assert_moved, inherit, inherit_async, observations, with_registry, with_registry_async,
};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, MetricsRegistry, PolicyDecisionType, Snapshot,
    get_metrics_registry, initialize_metrics_registry, initialize_metrics_registry_with,
};

static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders placed.");
static PACKING: Family<DurationHistogram> =
    Family::duration_histogram("packing_duration_seconds", "Time to pack an order.")
        .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);

/// The code under test, which only uses the process-wide registry.
fn place_order() {
    let metrics = get_metrics_registry().expect("there is one");
    metrics.family(&ORDERS).expect("it is valid").inc();
}

fn orders(metrics: &MetricsRegistry) -> f64 {
    metrics.sample("orders_total", &[]).unwrap_or(0.0)
}

async fn yields() {
    let mut is_second = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn each_thread_has_its_own_registry() {
    thread::scope(|scope| {
        for orders_placed in 1..=8_u32 {
            scope.spawn(move || {
                let metrics = MetricsRegistry::new();
                with_registry(&metrics, || {
                    for _ in 0..orders_placed {
                        place_order();
                        thread::yield_now();
                    }
                });
                assert_eq!(orders(&metrics), f64::from(orders_placed));
            });
        }
    });
}

#[test]
fn scopes_nest_and_end_with_a_panic() {
    let (outer, inner) = (MetricsRegistry::new(), MetricsRegistry::new());
    with_registry(&outer, || {
        place_order();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            with_registry(&inner, || {
                place_order();
                panic!("the test fails");
            });
        }));
        assert!(panicked.is_err());
        place_order();
    });
    assert_eq!((orders(&outer), orders(&inner)), (2.0, 1.0));
    // Another thread has neither of them, unless it inherits.
    with_registry(&outer, || {
        thread::scope(|scope| {
            let bare = scope.spawn(|| get_metrics_registry().is_ok());
            // This process may have its own registry, which is not ours.
            bare.join().unwrap();
            scope.spawn(inherit(place_order)).join().unwrap();
        });
    });
    assert_eq!(orders(&outer), 3.0);
}

#[test]
fn the_registry_of_a_test_already_exists() {
    let metrics = MetricsRegistry::new();
    with_registry(&metrics, || {
        assert!(initialize_metrics_registry().is_err());
        assert!(initialize_metrics_registry_with(MetricsRegistry::new()).is_err());
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

#[test]
fn futures_keep_their_registry_between_threads() {
    let runtime = runtime();
    let all: Vec<_> = (1..=16_u32).map(|count| (count, MetricsRegistry::new())).collect();
    let tasks = all.iter().map(|(count, metrics)| {
        let count = *count;
        runtime.spawn(with_registry_async(metrics, async move {
            for _ in 0..count {
                place_order();
                yields().await;
            }
            // A spawned task inherits.
            let task = tokio::spawn(inherit_async(async {
                yields().await;
                place_order();
            }));
            task.await.expect("it does not panic");
        }))
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        runtime.block_on(task).expect("it does not panic");
    }
    for (count, metrics) in &all {
        assert_eq!(orders(metrics), f64::from(*count) + 1.0);
    }
}

#[test]
fn a_future_that_is_dropped_midway_has_its_registry() {
    struct Places;
    impl Drop for Places {
        fn drop(&mut self) {
            place_order();
        }
    }
    let metrics = MetricsRegistry::new();
    let future = with_registry_async(&metrics, async {
        let _places = Places;
        std::future::pending::<()>().await;
    });
    let mut future = Box::pin(future);
    let waker = std::task::Waker::noop();
    let polled = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_pending());
    drop(future);
    assert_eq!(orders(&metrics), 1.0);
}

#[test]
fn timers_use_the_clock_of_the_test() {
    let metrics = MetricsRegistry::builder().namespace("shop").build().expect("valid");
    let packing = metrics.family(&PACKING).unwrap();
    let clock = Clock::new();
    let before = metrics.snapshot();
    let (timer, evaluation) = clock.run(|| {
        drop(packing.start_timer());
        clock.advance(Duration::from_millis(1));
        (
            packing.start_timer(),
            metrics.time_policy_evaluation(PolicyDecisionType::Allowed, "agent"),
        )
    });
    clock.advance(Duration::from_millis(7));
    // It ends where another clock is current.
    thread::scope(|scope| scope.spawn(move || Clock::new().run(|| drop(timer))).join()).unwrap();
    drop(evaluation);
    let moved = metrics.snapshot().since(&before);
    let name = "shop_policy_evaluation_duration_seconds";
    assert_eq!(moved.histogram_named(name, &[("decision", "allowed")]).sum(), 0.007);
    assert_moved!(moved, { PACKING => observations(2).sum(0.007).bucket(0.005, 1), .. });

    // Without a clock, real time passes.
    let before = metrics.snapshot();
    let timer = packing.start_timer();
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(6) {
        thread::yield_now();
    }
    drop(timer);
    assert!(metrics.snapshot().since(&before).histogram(&PACKING, ()).sum() >= 0.006);
}

#[test]
fn a_future_keeps_its_clock_between_threads() {
    let (metrics, clock, runtime) = (MetricsRegistry::new(), Clock::new(), runtime());
    let packing = metrics.family(&PACKING).unwrap();
    let task = clock.run_async(async move {
        for _ in 0..100 {
            let timer = packing.start_timer();
            yields().await;
            clock.advance(Duration::from_millis(20));
            drop(timer);
            let inherited = packing.clone();
            let inherited = inherit_async(async move { drop(inherited.start_timer()) });
            tokio::spawn(inherited).await.expect("it does not panic");
        }
    });
    runtime.block_on(runtime.spawn(task)).expect("it does not panic");
    let moved = metrics.snapshot().since(&Snapshot::default());
    assert_moved!(moved, { PACKING => observations(200).sum(2.0).bucket(0.005, 100), .. });
}
