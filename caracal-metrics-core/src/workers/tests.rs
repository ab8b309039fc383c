use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;

use super::*;

thread_local! {
    static STARVED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Makes the system refuse the thread if a test wants this: no address space has room for such a stack.
pub(super) fn starved(thread: thread::Builder) -> thread::Builder {
    if STARVED.get() { thread.stack_size(1 << 47) } else { thread }
}

const LONG: Duration = Duration::from_secs(600);

fn counting(runs: &Arc<AtomicU64>) -> Arc<Task> {
    let runs = Arc::clone(runs);
    Task::new(move || {
        runs.fetch_add(1, SeqCst);
    })
}

#[test]
fn a_stuck_task_is_not_restarted_until_it_returns() {
    let workers = Workers::new(Duration::from_millis(50));
    let (go, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let (runs, others) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stuck = Task::new({
        let runs = Arc::clone(&runs);
        move || {
            runs.fetch_add(1, SeqCst);
            wait.lock().recv().expect("the test lets it continue");
        }
    });
    let other = counting(&others);
    for round in 1..=20 {
        // Under load, the other task may exceed its time. Then it runs later, but it runs.
        loop {
            assert!(!workers.run(&[&stuck, &other])[0]);
            if others.load(SeqCst) >= round {
                break;
            }
        }
        assert_eq!(runs.load(SeqCst), 1);
    }
    // One message for the current run, and one for each run that may follow.
    for _ in 0..1_000 {
        go.send(()).expect("the task exists");
    }
    while workers.run(&[&stuck]) != [true] {}
    assert!(runs.load(SeqCst) > 1);
}

#[test]
fn a_run_starts_after_its_request() {
    let workers = Arc::new(Workers::new(LONG));
    let clock = Arc::new(AtomicU64::new(0));
    let seen = Arc::new(AtomicU64::new(0));
    let task = Task::new({
        let (clock, seen) = (Arc::clone(&clock), Arc::clone(&seen));
        move || {
            seen.fetch_max(clock.load(SeqCst), SeqCst);
        }
    });
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let asked = clock.fetch_add(1, SeqCst) + 1;
                    assert_eq!(workers.run(&[&task]), [true]);
                    assert!(seen.load(SeqCst) >= asked);
                }
            });
        }
    });
}

#[test]
fn a_panic_only_fails_its_own_task() {
    let workers = Workers::new(LONG);
    let runs = Arc::new(AtomicU64::new(0));
    let panics = Task::new(|| panic!("deliberate"));
    let counts = counting(&runs);
    assert_eq!(workers.run(&[&panics, &counts]), [false, true]);
    assert_eq!(workers.run(&[&counts, &panics]), [true, false]);
    assert_eq!(runs.load(SeqCst), 2);
}

#[test]
fn threads_end_when_there_is_nothing_to_do() {
    let workers = Workers::new(LONG);
    let runs = Arc::new(AtomicU64::new(0));
    let task = counting(&runs);
    assert_eq!(Arc::strong_count(&workers.shared), 1, "none is started before it is needed");
    assert!(workers.run(&[]).is_empty());
    assert_eq!(Arc::strong_count(&workers.shared), 1);
    assert_eq!(workers.run(&[&task]), [true]);
    while Arc::strong_count(&workers.shared) > 1 {
        thread::yield_now();
    }
}

#[test]
fn a_system_without_threads_fails_the_tasks_immediately() {
    let workers = Workers::new(LONG);
    let runs = Arc::new(AtomicU64::new(0));
    let task = counting(&runs);
    STARVED.set(true);
    assert_eq!(workers.run(&[&task]), [false]);
    assert_eq!(workers.run(&[&task]), [false]);
    STARVED.set(false);
    assert_eq!(runs.load(SeqCst), 0);
    assert_eq!(workers.run(&[&task]), [true]);
    assert_eq!(runs.load(SeqCst), 1);
}
