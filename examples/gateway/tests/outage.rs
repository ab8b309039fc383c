//! Real outages: the tables are locked, or the pool is exhausted. The breaker opens, the cache answers
//! alone, and everything recovers.

mod support;

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use gateway::database::POOL_SIZE;
use support::{AGENT, Answer, PATIENCE, Running};
use tokio::time::{interval, timeout};

const BREAKER: (&str, &str) = ("name", "database");

fn is_degraded(answer: &Answer) -> bool {
    answer.headers.get("x-degraded-mode").is_some_and(|value| value == "true")
}

fn breaker_state(gateway: &Running) -> Option<f64> {
    gateway.sample("caracal_circuit_breaker_state", &[BREAKER])
}

fn changes(gateway: &Running, from: &str, to: &str) -> u64 {
    let labels = [BREAKER, ("from_state", from), ("to_state", to)];
    gateway.count("caracal_circuit_breaker_state_changes_total", &labels)
}

/// Sends requests until the answer is as expected. Returns the number of requests.
async fn act_until(gateway: &Running, action: &str, wish: impl Fn(&Answer) -> bool) -> usize {
    // At a limited rate, because an open breaker answers at once, and lets a call through after a
    // second.
    let mut ticks = interval(Duration::from_millis(20));
    let acting = async {
        for acts in 1.. {
            ticks.tick().await;
            let answer = gateway.send(gateway.good_act(AGENT, action)).await;
            assert!(answer.status.is_success(), "{answer:?}");
            if wish(&answer) {
                return acts;
            }
        }
        unreachable!("there are numbers enough")
    };
    timeout(PATIENCE, acting).await.expect("the answer comes")
}

#[tokio::test]
async fn cached_policies_answer_alone_while_the_tables_are_locked() {
    let gateway = Running::quiet().await;
    let mut acts = act_until(&gateway, "send_email", |answer| !is_degraded(answer)).await;
    assert_eq!(breaker_state(&gateway), Some(0.0));

    let lock = gateway.gateway.database().lock().await.expect("the lock");
    // Reading fails as well as writing, and the breaker is not open yet.
    let unknown = gateway.send(gateway.good_act(AGENT, "query_warehouse")).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(breaker_state(&gateway), Some(0.0));

    // Each decision comes from the cache, but can't be written. These failures open the breaker.
    acts += act_until(&gateway, "send_email", is_degraded).await;
    assert!(breaker_state(&gateway) > Some(0.0));
    assert!(gateway.count("caracal_gateway_degraded_mode_requests_total", &[]) >= 1);
    assert!(changes(&gateway, "closed", "open") >= 1);
    assert_eq!(gateway.get("/health").await.json()["status"], "degraded");

    // The policy is not in the cache. No answer is better than a wrong one.
    let unknown = gateway.send(gateway.good_act(AGENT, "read_document")).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!is_degraded(&unknown));
    assert_eq!(unknown.headers[header::RETRY_AFTER], "1");
    let labels = [("decision", "error"), ("agent_id", AGENT)];
    assert_eq!(gateway.count("caracal_policy_evaluations_total", &labels), 2);
    let labels = [("operation", "insert"), ("table", "ledger"), ("status", "error")];
    assert!(gateway.count("caracal_database_queries_total", &labels) > 0);
    assert!(gateway.count("caracal_circuit_breaker_failures_total", &[BREAKER]) >= 5);

    lock.release().await.expect("the lock is let go");
    acts += act_until(&gateway, "send_email", |answer| !is_degraded(answer)).await;
    assert_eq!(breaker_state(&gateway), Some(0.0));
    assert_eq!(changes(&gateway, "half_open", "closed"), 1);
    let answer = gateway.send(gateway.good_act(AGENT, "read_document")).await;
    assert_eq!(answer.status, StatusCode::OK);

    // No decision is lost: later requests write those that waited.
    let catching_up = async {
        loop {
            acts += act_until(&gateway, "send_email", |_| true).await;
            let ledger = format!("/v1/agents/{AGENT}/ledger?limit=1000");
            let ledger = gateway.request(Method::GET, &ledger);
            let entries = gateway.send(ledger.header("x-api-key", gateway.key(AGENT))).await.json();
            let entries = entries.as_array().expect("a list");
            let sent = entries.iter().filter(|entry| entry["action"] == "send_email").count();
            if sent == acts {
                return;
            }
        }
    };
    timeout(PATIENCE, catching_up).await.expect("the ledger is complete");
}

#[tokio::test]
async fn a_pool_without_connections_is_a_connection_error() {
    let gateway = Running::quiet().await;
    let pool_timeouts = || {
        let labels = [("error_type", "pool_timeout")];
        gateway.count("caracal_database_connection_errors_total", &labels)
    };
    let pool = |name: &str| {
        let name = format!("caracal_database_connection_pool_{name}");
        gateway.sample(&name, &[]).unwrap_or_else(|| panic!("{name} is not there"))
    };
    let failed = |table| {
        let labels = [("operation", "select"), ("table", table), ("status", "error")];
        gateway.count("caracal_database_queries_total", &labels)
    };
    assert_eq!(pool_timeouts(), 0);

    let mut held = Vec::new();
    for _ in 0..POOL_SIZE {
        held.push(gateway.gateway.database().pool().acquire().await.expect("a connection"));
    }
    assert_eq!(pool("checked_out"), f64::from(POOL_SIZE));
    assert_eq!(pool("checked_out"), pool("size"));
    let waits = pool("acquire_duration_seconds_count");
    let holds = pool("hold_duration_seconds_count");
    let answer = gateway.send(gateway.good_act(AGENT, "send_email")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(pool_timeouts(), 1);
    assert_eq!(pool("acquire_timeouts_total"), 1.0);
    assert_eq!(pool("acquire_duration_seconds_count"), waits + 1.0, "in vain, but a wait");
    assert_eq!(pool("hold_duration_seconds_count"), holds, "all are held still");
    assert_eq!((failed("policies"), failed("ledger")), (1, 0));

    drop(held);
    assert_eq!(pool("hold_duration_seconds_count"), holds + f64::from(POOL_SIZE));
    act_until(&gateway, "send_email", |answer| !is_degraded(answer)).await;
    assert_eq!(pool_timeouts(), 1);
}
