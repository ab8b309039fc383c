//! What the page shows for runtimes in trouble, and when their series disappear.

use std::future::pending;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use caracal_metrics_core::{AttachError, MetricsRegistry};
use caracal_tokio::RuntimeObserver;
use tokio::runtime::{Builder, Runtime};

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap()
}

/// Polls until `condition` is true.
#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        thread::yield_now();
    }
}

/// Blocks a worker until the returned sender is dropped.
fn block_a_worker(runtime: &Runtime) -> Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    runtime.spawn(async move {
        begun.send(()).unwrap();
        let _ = released.recv();
    });
    has_begun.recv().unwrap();
    release
}

/// Lets a runtime poll the tasks that are ready and then park, which it does while its future
/// waits.
fn drive(runtime: &Runtime) {
    let waiting = async { tokio::time::timeout(Duration::from_millis(1), pending::<()>()).await };
    runtime.block_on(waiting).unwrap_err();
}

struct Page<'a>(&'a MetricsRegistry);

impl Page<'_> {
    fn read(&self, name: &str) -> Option<f64> {
        self.0.sample(&format!("caracal_tokio_{name}"), &[])
    }

    fn of_worker(&self, name: &str, worker: usize) -> Option<f64> {
        self.0.sample(&format!("caracal_tokio_worker_{name}"), &[("worker", &worker.to_string())])
    }

    fn all_workers(&self, name: &str, workers: usize) -> Vec<f64> {
        (0..workers).map(|worker| self.of_worker(name, worker).unwrap()).collect()
    }
}

#[test]
fn a_worker_that_is_blocked_is_stalled_and_busy() {
    let runtime = multi_thread(2);
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let page = Page(&metrics);

    let release = block_a_worker(&runtime);
    let stalled = || page.all_workers("stalled_seconds", 2);
    wait_until("one worker is stalled", || stalled().iter().filter(|s| **s > 0.01).count() == 1);
    let blocked = stalled().iter().position(|stalled| *stalled > 0.0).unwrap();
    let busy = || page.of_worker("busy_seconds_total", blocked).unwrap();
    let first = busy();
    wait_until("the blocked worker is busy", || busy() > first + 0.05);
    // tokio itself does not count this time yet.
    let counted = runtime.metrics().worker_total_busy_duration(blocked).as_secs_f64();
    assert!(counted < first, "{counted} {first}");

    let before = busy();
    drop(release);
    wait_until("it is back", || stalled() == [0.0, 0.0]);
    assert!(busy() >= before);
    let counted = runtime.metrics().worker_total_busy_duration(blocked).as_secs_f64();
    assert!(counted >= before - 0.005, "the total ran ahead: {counted} {before}");
}

#[test]
fn tasks_that_no_worker_takes_are_in_the_queue_and_the_delay_grows() {
    let runtime = multi_thread(1);
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let page = Page(&metrics);
    let delay = || page.read("scheduling_delay_seconds").unwrap();

    let release = block_a_worker(&runtime);
    let starved: Vec<_> = (0..100).map(|_| runtime.spawn(async {})).collect();
    // From the second scrape on, the task that the scrapes wake is in the queue too.
    wait_until("the tasks are queued", || page.read("global_queue_depth") == Some(101.0));
    assert_eq!(page.read("alive_tasks"), Some(101.0));
    wait_until("the delay grows", || delay() > 0.05);
    let so_far = delay();
    wait_until("it goes on", || delay() > so_far);

    drop(release);
    for task in starved {
        runtime.block_on(task).unwrap();
    }
    wait_until("the delay is short", || delay() < so_far);
    wait_until("the queue is empty", || page.read("global_queue_depth") == Some(0.0));
    wait_until("all tasks have ended", || page.read("alive_tasks") == Some(0.0));
}

#[test]
fn ten_thousand_sleeping_tasks_are_alive() {
    let runtime = multi_thread(2);
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let page = Page(&metrics);
    for _ in 0..10_000 {
        runtime.spawn(async { tokio::time::sleep(Duration::from_secs(3600)).await });
    }
    assert_eq!(page.read("alive_tasks"), Some(10_000.0));
    assert_eq!(page.read("workers"), Some(2.0));
    let parks = || page.all_workers("parks_total", 2);
    wait_until("both workers have parked", || parks().iter().all(|parks| *parks > 0.0));
}

#[test]
fn a_current_thread_runtime_has_one_worker_and_a_delay() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let page = Page(&metrics);
    let delay = || page.read("scheduling_delay_seconds").unwrap();
    assert_eq!(page.read("workers"), Some(1.0));
    assert_eq!(page.of_worker("stalled_seconds", 0), None);

    // Nothing drives it.
    wait_until("the delay grows", || delay() > 0.02);
    let so_far = delay();
    drive(&runtime);
    let delay_of_the_first = delay();
    assert!(delay_of_the_first >= so_far, "it waited that long: {delay_of_the_first}");
    drive(&runtime);
    assert!(delay() < delay_of_the_first);
    assert!(page.of_worker("parks_total", 0).unwrap() > 0.0);
}

#[test]
fn the_series_go_with_the_runtime_and_its_name_is_free() {
    let metrics = MetricsRegistry::new();
    let attach =
        |runtime: &Runtime| RuntimeObserver::new(runtime.handle()).named("main").attach(&metrics);
    let workers = || metrics.sample("caracal_tokio_workers", &[("runtime", "main")]);

    let first = multi_thread(1);
    let guard = attach(&first).unwrap();
    assert_eq!((guard.name(), workers()), (Some("main"), Some(1.0)));
    let second = multi_thread(3);
    assert!(matches!(attach(&second), Err(AttachError::NameTaken { .. })));
    drop(first);
    assert_eq!(workers(), None);
    let third = attach(&second).unwrap();
    assert_eq!(workers(), Some(3.0));
    // The guard of a runtime that has ended does not prevent anything.
    drop(guard);
    assert_eq!(workers(), Some(3.0));

    // The runtime has ended, and no scrape has noticed it.
    drop(second);
    let fourth = multi_thread(4);
    let _guard = attach(&fourth).unwrap();
    assert_eq!(workers(), Some(4.0));
    drop(third);
}

#[test]
fn a_guard_that_is_dropped_leaves_nothing_in_the_runtime() {
    let runtime = multi_thread(1);
    let metrics = MetricsRegistry::new();
    let guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    assert_eq!(Page(&metrics).read("workers"), Some(1.0));
    drop(guard);
    assert_eq!(Page(&metrics).read("workers"), None);
    wait_until("the task has ended", || runtime.metrics().num_alive_tasks() == 0);
}

#[test]
fn a_runtime_that_is_shut_down_has_no_series() {
    let metrics = MetricsRegistry::new();
    let runtime = multi_thread(1);
    let handle = runtime.handle().clone();
    drop(runtime);
    let _guard = RuntimeObserver::new(&handle).attach(&metrics).unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(!page.contains("tokio"), "{page}");
}

#[test]
fn totals_never_go_down_and_never_pass_the_clock() {
    let start = Instant::now();
    let runtime = multi_thread(2);
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let page = Page(&metrics);
    // Short and long stretches of work, with pauses.
    let tasks: Vec<_> = (0..200_u64)
        .map(|task| {
            runtime.spawn(async move {
                let until = Instant::now() + Duration::from_micros(task * task % 5_000);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                tokio::time::sleep(Duration::from_micros(task)).await;
            })
        })
        .collect();
    let mut last = vec![0.0; 2];
    while tasks.iter().any(|task| !task.is_finished()) {
        let busy = page.all_workers("busy_seconds_total", 2);
        let elapsed = start.elapsed().as_secs_f64();
        for (busy, last) in busy.iter().zip(&last) {
            assert!(last <= busy && *busy <= elapsed, "{last} {busy} {elapsed}");
        }
        last = busy;
    }
    wait_until("both workers have parked", || {
        (0..2).all(|worker| runtime.metrics().worker_park_unpark_count(worker) % 2 == 1)
    });
    // Read before the page, because a scrape wakes a worker too.
    let counted = |worker| runtime.metrics().worker_total_busy_duration(worker).as_secs_f64();
    let counted = [counted(0), counted(1)];
    for (shown, counted) in page.all_workers("busy_seconds_total", 2).into_iter().zip(counted) {
        assert!(shown >= counted - 1e-6, "{shown} {counted}");
    }
}
