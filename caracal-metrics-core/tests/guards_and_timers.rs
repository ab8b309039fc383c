//! The effects of the end of a scope, a `?`, a panic and a cancelled future on guards and timers.

mod support;

use std::panic::catch_unwind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use caracal_metrics_core::{
    CircuitBreakerState, Counter, DatabaseOperationType, Family, Gauge, MetricsRegistry,
    PolicyDecisionType,
};

fn queries(m: &MetricsRegistry) -> (f64, f64, f64) {
    let of = |status| {
        let labels = [("operation", "update"), ("table", "t"), ("status", status)];
        m.sample("caracal_database_queries_total", &labels).unwrap()
    };
    let labels = [("operation", "update"), ("table", "t")];
    let count = m.sample("caracal_database_query_duration_seconds_count", &labels).unwrap();
    (of("success"), of("error"), count)
}

fn in_flight(m: &MetricsRegistry) -> f64 {
    m.sample("caracal_gateway_requests_in_flight", &[]).unwrap()
}

fn evaluations(m: &MetricsRegistry, decision: &str) -> f64 {
    m.sample("caracal_policy_evaluations_total", &[("decision", decision), ("agent_id", "a")])
        .unwrap_or(0.0)
}

/// Polls a future once and drops it while it waits, as if the client had disconnected.
fn cancel(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Pending);
}

#[test]
fn in_flight_returns_to_zero_whatever_happens() {
    let m = MetricsRegistry::new();
    let first = m.track_gateway_request_in_flight();
    let second = m.track_gateway_request_in_flight();
    assert_eq!(in_flight(&m), 2.0);
    drop(first);
    assert_eq!(in_flight(&m), 1.0);
    let panicked = catch_unwind(|| {
        let _guard = m.track_gateway_request_in_flight();
        panic!("a handler's panic");
    });
    assert!(panicked.is_err());
    cancel(async {
        let _guard = m.track_gateway_request_in_flight();
        assert_eq!(in_flight(&m), 2.0);
        std::future::pending::<()>().await;
    });
    let early = || -> Result<(), std::num::ParseIntError> {
        let _guard = m.track_gateway_request_in_flight();
        "x".parse::<u8>()?;
        Ok(())
    };
    assert!(early().is_err());
    assert_eq!(in_flight(&m), 1.0);
    std::thread::spawn(move || drop(second)).join().unwrap();
    assert_eq!(in_flight(&m), 0.0);
}

#[test]
fn a_query_timer_records_once_however_it_ends() {
    let m = MetricsRegistry::new();
    let time = || m.time_database_query(DatabaseOperationType::Update, "t");
    time().success();
    assert_eq!(queries(&m), (1.0, 0.0, 1.0));
    time().error();
    assert_eq!(queries(&m), (1.0, 1.0, 2.0));
    time().observe(&Ok::<_, ()>(()));
    time().observe(&Err::<(), _>(()));
    assert_eq!(queries(&m), (2.0, 2.0, 4.0));
    drop(time());
    assert_eq!(queries(&m), (2.0, 3.0, 5.0));
    let panicked = catch_unwind(|| {
        let _timer = time();
        panic!("a query's panic");
    });
    assert!(panicked.is_err());
    assert_eq!(queries(&m), (2.0, 4.0, 6.0));
    cancel(async {
        let timer = time();
        std::future::pending::<()>().await;
        timer.success();
    });
    assert_eq!(queries(&m), (2.0, 5.0, 7.0));
    let early = || -> Result<(), std::num::ParseIntError> {
        let timer = time();
        "x".parse::<u8>()?;
        timer.success();
        Ok(())
    };
    assert!(early().is_err());
    assert_eq!(queries(&m), (2.0, 6.0, 8.0));
}

#[test]
fn a_policy_timer_records_the_decision_that_was_last_set() {
    let m = MetricsRegistry::new();
    let time = |decision| m.time_policy_evaluation(decision, "a");
    drop(time(PolicyDecisionType::Allowed));
    let mut timer = time(PolicyDecisionType::Error);
    timer.set_decision(PolicyDecisionType::Denied);
    drop(timer);
    assert_eq!((evaluations(&m, "allowed"), evaluations(&m, "denied")), (1.0, 1.0));
    let panicked = catch_unwind(|| {
        let _timer = time(PolicyDecisionType::Allowed);
        panic!("an evaluator's panic");
    });
    assert!(panicked.is_err());
    assert_eq!((evaluations(&m, "allowed"), evaluations(&m, "error")), (1.0, 1.0));
    cancel(async {
        let mut timer = time(PolicyDecisionType::Error);
        std::future::pending::<()>().await;
        timer.set_decision(PolicyDecisionType::Allowed);
    });
    assert_eq!((evaluations(&m, "allowed"), evaluations(&m, "error")), (1.0, 2.0));
}

#[test]
fn an_evaluation_during_another_panic_is_not_an_error() {
    struct CleanUp(MetricsRegistry);
    impl Drop for CleanUp {
        fn drop(&mut self) {
            drop(self.0.time_policy_evaluation(PolicyDecisionType::Allowed, "a"));
        }
    }
    let m = MetricsRegistry::new();
    let panicked = catch_unwind(|| {
        let _clean_up = CleanUp(m.clone());
        panic!("not the evaluator's");
    });
    assert!(panicked.is_err());
    assert_eq!((evaluations(&m, "allowed"), evaluations(&m, "error")), (1.0, 0.0));
}

#[test]
fn timers_measure_the_time_from_start_to_end() {
    let m = MetricsRegistry::new();
    let start = std::time::Instant::now();
    let timer = m.time_database_query(DatabaseOperationType::Update, "t");
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(3) {
        std::hint::spin_loop();
    }
    timer.success();
    let at_most = start.elapsed().as_secs_f64();
    let labels = [("operation", "update"), ("table", "t")];
    let sum = m.sample("caracal_database_query_duration_seconds_sum", &labels).unwrap();
    assert!((0.003..=at_most).contains(&sum), "{sum} of {at_most}");
}

#[test]
fn handles_record_into_the_series_of_the_recorders() {
    let m = MetricsRegistry::new();
    m.gateway_request("GET", 200, "jwt").record(Duration::ZERO);
    m.record_gateway_request("GET", 200, "jwt", Duration::ZERO);
    m.auth_failure("jwt", "expired").inc();
    m.record_auth_failure("jwt", "expired");
    m.replay_block("nonce").inc();
    m.record_replay_block("nonce");
    m.policy_evaluation(PolicyDecisionType::Denied, "a").record(Duration::ZERO);
    m.record_policy_evaluation(PolicyDecisionType::Denied, "a", Duration::ZERO);
    m.database_connection_error("pool_timeout").inc();
    m.record_database_connection_error("pool_timeout");
    let breaker = m.circuit_breaker("db");
    breaker.record_failure();
    breaker.record_success();
    breaker.record_state_change(CircuitBreakerState::Closed, CircuitBreakerState::Open);
    breaker.set_state(CircuitBreakerState::HalfOpen);
    m.record_circuit_breaker_failure("db");
    m.record_circuit_breaker_success("db");
    m.record_circuit_breaker_state_change(
        "db",
        CircuitBreakerState::Closed,
        CircuitBreakerState::Open,
    );
    let transition = [("name", "db"), ("from_state", "closed"), ("to_state", "open")];
    for (name, labels) in [
        (
            "caracal_gateway_requests_total",
            &[("method", "GET"), ("status_code", "200"), ("auth_method", "jwt")][..],
        ),
        ("caracal_gateway_auth_failures_total", &[("auth_method", "jwt"), ("reason", "expired")]),
        ("caracal_gateway_replay_blocks_total", &[("reason", "nonce")]),
        ("caracal_policy_evaluations_total", &[("decision", "denied"), ("agent_id", "a")]),
        ("caracal_database_connection_errors_total", &[("error_type", "pool_timeout")]),
        ("caracal_circuit_breaker_failures_total", &[("name", "db")]),
        ("caracal_circuit_breaker_successes_total", &[("name", "db")]),
        ("caracal_circuit_breaker_state_changes_total", &transition),
        ("caracal_circuit_breaker_state", &[("name", "db")]),
    ] {
        assert_eq!(m.sample(name, labels), Some(2.0), "{name}");
    }
}

#[test]
fn handles_work_in_a_closure_that_panics() {
    static JOBS: Family<Counter> = Family::counter("jobs_total", "Jobs.");
    static QUEUED: Family<Gauge> = Family::gauge("queued_jobs", "Jobs that wait.");
    let m = MetricsRegistry::new();
    let (jobs, queued) = (m.family(&JOBS).unwrap(), m.family(&QUEUED).unwrap());
    let request = m.gateway_request("GET", 200, "jwt");
    let panicked = catch_unwind(|| {
        jobs.inc();
        queued.set(3);
        request.record(Duration::from_millis(2));
        panic!("a job's panic");
    });
    assert!(panicked.is_err());
    assert_eq!(m.sample("jobs_total", &[]), Some(1.0));
    assert_eq!(m.sample("queued_jobs", &[]), Some(3.0));
    let time = [("method", "GET"), ("status_code", "200")];
    assert_eq!(m.sample("caracal_gateway_request_duration_seconds_count", &time), Some(1.0));
}
