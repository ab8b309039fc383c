//! Requests over the network: who is admitted, what is decided, and what the metrics show.

mod support;

use axum::http::{Method, StatusCode, header};
use serde_json::json;
use support::{AGENT, Running, nonce};

const REQUESTS: &str = "caracal_gateway_requests_total";

fn requests(gateway: &Running, status: &str, auth_method: &str) -> Option<f64> {
    let labels = [("method", "POST"), ("status_code", status), ("auth_method", auth_method)];
    gateway.sample(REQUESTS, &labels)
}

fn auth_failures(gateway: &Running, auth_method: &str, reason: &str) -> Option<f64> {
    let labels = [("auth_method", auth_method), ("reason", reason)];
    gateway.sample("caracal_gateway_auth_failures_total", &labels)
}

#[tokio::test]
async fn a_token_or_a_key_lets_an_agent_in() {
    let gateway = Running::quiet().await;
    let act = || gateway.act(AGENT, "send_email").header("x-nonce", nonce());

    let answer = gateway.send(act().header("authorization", gateway.bearer(AGENT))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let decision = json!({ "agent_id": AGENT, "action": "send_email", "decision": "allowed" });
    assert_eq!(answer.json(), decision);
    let answer = gateway.send(act().header("x-api-key", gateway.key(AGENT))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);

    assert_eq!(requests(&gateway, "200", "jwt"), Some(1.0));
    assert_eq!(requests(&gateway, "200", "api_key"), Some(1.0));
}

#[tokio::test]
async fn bad_credentials_keep_everybody_out() {
    let gateway = Running::quiet().await;
    let expired = gateway.gateway.credentials().expired_token(AGENT);
    let expired = format!("Bearer {expired}");
    let other_gateway = Running::quiet().await;
    let forged = other_gateway.bearer(AGENT);

    for (credentials, method, reason) in [
        (None, "none", "missing_credentials"),
        (Some(("authorization", expired.as_str())), "jwt", "expired"),
        (Some(("authorization", &forged)), "jwt", "bad_signature"),
        (Some(("authorization", "Bearer rubbish")), "jwt", "malformed"),
        (Some(("authorization", "Basic YTpi")), "jwt", "malformed"),
        (Some(("x-api-key", "key-guessed")), "api_key", "unknown_key"),
    ] {
        let before = auth_failures(&gateway, method, reason).unwrap_or_default();
        let mut act = gateway.act(AGENT, "send_email").header("x-nonce", nonce());
        if let Some((name, value)) = credentials {
            act = act.header(name, value);
        }
        let answer = gateway.send(act).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{reason}");
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE), "{reason}");
        assert_eq!(auth_failures(&gateway, method, reason), Some(before + 1.0), "{reason}");
    }
    assert_eq!(requests(&gateway, "401", "jwt"), Some(4.0));
    assert_eq!(requests(&gateway, "401", "none"), Some(1.0));
    assert_eq!(gateway.count("caracal_policy_cache_misses_total", &[]), 0, "nothing evaluated");
}

#[tokio::test]
async fn an_agent_acts_only_for_itself() {
    let gateway = Running::quiet().await;
    let act = gateway.act("deploy-agent", "deploy_service").header("x-nonce", nonce());
    let answer = gateway.send(act.header("authorization", gateway.bearer(AGENT))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(auth_failures(&gateway, "jwt", "other_agent"), Some(1.0));

    let policy = "/v1/agents/billing-bot/policies/delete_record";
    let change = gateway.request(Method::PUT, policy).header("x-api-key", gateway.key(AGENT));
    let answer = gateway.send_json(change, r#"{"effect":"allow"}"#).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(auth_failures(&gateway, "api_key", "operators_only"), Some(1.0));
}

#[tokio::test]
async fn a_nonce_works_once() {
    let gateway = Running::quiet().await;
    let act =
        |agent: &str| gateway.act(agent, "send_email").header("x-api-key", gateway.key(agent));
    let blocks =
        || gateway.count("caracal_gateway_replay_blocks_total", &[("reason", "nonce_reused")]);

    let used = nonce();
    let status = |answer: support::Answer| answer.status.as_u16();
    assert_eq!(status(gateway.send(act(AGENT).header("x-nonce", &used)).await), 200);
    assert_eq!(status(gateway.send(act(AGENT).header("x-nonce", &used)).await), 409);
    assert_eq!(blocks(), 1);
    // Nonces are separate for each agent.
    assert_eq!(status(gateway.send(act("mail-drafter").header("x-nonce", &used)).await), 200);

    assert_eq!(status(gateway.send(act(AGENT)).await), 400);
    assert_eq!(status(gateway.send(act(AGENT).header("x-nonce", "")).await), 400);
    assert_eq!(status(gateway.send(act(AGENT).header("x-nonce", "n".repeat(65))).await), 400);
    assert_eq!(blocks(), 1);
}

#[tokio::test]
async fn of_two_requests_with_one_nonce_at_once_one_is_blocked() {
    let gateway = Running::quiet().await;
    let nonce = nonce();
    let act = || gateway.act(AGENT, "send_email").header("x-api-key", gateway.key(AGENT));
    let answers = tokio::join!(
        gateway.send(act().header("x-nonce", &nonce)),
        gateway.send(act().header("x-nonce", &nonce)),
    );
    let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_policy_decides_and_a_change_shows_at_once() {
    let gateway = Running::quiet().await;
    let act = async || gateway.send(gateway.good_act(AGENT, "delete_record")).await.status;
    let evaluations = |decision| {
        let labels = [("decision", decision), ("agent_id", AGENT)];
        gateway.count("caracal_policy_evaluations_total", &labels)
    };

    assert_eq!(act().await, StatusCode::FORBIDDEN);
    assert_eq!(act().await, StatusCode::FORBIDDEN);
    let change = gateway.policy(Method::PUT, AGENT, "delete_record");
    let answer = gateway.send_json(change, r#"{"effect":"allow"}"#).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(act().await, StatusCode::OK);

    let removal = || gateway.policy(Method::DELETE, AGENT, "delete_record");
    assert_eq!(gateway.send(removal()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(act().await, StatusCode::FORBIDDEN, "what no policy allows is denied");
    assert_eq!(gateway.send(removal()).await.status, StatusCode::NOT_FOUND);

    // Creates a policy that does not exist.
    let change = gateway.policy(Method::PUT, AGENT, "delete_record");
    assert_eq!(gateway.send_json(change, r#"{"effect":"allow"}"#).await.status, StatusCode::OK);
    assert_eq!(act().await, StatusCode::OK);

    assert_eq!((evaluations("allowed"), evaluations("denied")), (2, 3));
    assert_eq!(gateway.count("caracal_policy_cache_hits_total", &[]), 1);
    assert_eq!(gateway.count("caracal_policy_cache_misses_total", &[]), 4);
    for (operation, count) in [("select", 4), ("update", 2), ("delete", 2)] {
        let labels = [("operation", operation), ("table", "policies"), ("status", "success")];
        let counted = gateway.count("caracal_database_queries_total", &labels);
        assert_eq!(counted, count, "{operation}");
        let labels = [("operation", operation), ("table", "policies")];
        let timed = gateway.count("caracal_database_query_duration_seconds_count", &labels);
        assert_eq!(timed, count, "{operation}");
    }
}

#[tokio::test]
async fn an_effect_that_is_none_is_refused() {
    let gateway = Running::quiet().await;
    let change = gateway.policy(Method::PUT, AGENT, "send_email");
    let answer = gateway.send_json(change, r#"{"effect":"maybe"}"#).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    let answer = gateway.send(gateway.good_act(AGENT, "send_email")).await;
    assert_eq!(answer.status, StatusCode::OK, "the policy is as before");
}

#[tokio::test]
async fn the_ledger_has_the_decisions() {
    let gateway = Running::quiet().await;
    gateway.send(gateway.good_act(AGENT, "send_email")).await;
    gateway.send(gateway.good_act(AGENT, "delete_record")).await;
    gateway.send(gateway.good_act("mail-drafter", "send_email")).await;

    let read = |agent: &str, key: &str| {
        let read = gateway.request(Method::GET, &format!("/v1/agents/{agent}/ledger?limit=5"));
        gateway.send(read.header("x-api-key", key.to_owned()))
    };
    let answer = read(AGENT, &gateway.key(AGENT)).await.json();
    let mut decisions: Vec<_> = answer
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| format!("{} {}", entry["action"], entry["decision"]))
        .collect();
    decisions.sort_unstable();
    assert_eq!(decisions, [r#""delete_record" "denied""#, r#""send_email" "allowed""#]);

    let other = read(AGENT, &gateway.key("mail-drafter")).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let operator = gateway.gateway.credentials().operator_key().to_owned();
    assert_eq!(read(AGENT, &operator).await.status, StatusCode::OK);
}

#[tokio::test]
async fn scrapes_and_health_checks_are_no_requests() {
    let gateway = Running::quiet().await;
    let page = gateway.get("/metrics").await;
    assert_eq!(page.status, StatusCode::OK);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(page.headers[header::CONTENT_TYPE], content_type);
    let health = gateway.get("/health").await.json();
    assert_eq!(health, json!({ "status": "ok", "circuit_breakers": { "database": "closed" } }));
    let page = gateway.get("/metrics").await.body;
    assert!(!page.contains("caracal_gateway_requests_total{"), "{page}");

    assert_eq!(gateway.get("/nowhere").await.status, StatusCode::NOT_FOUND);
    let labels = [("method", "GET"), ("status_code", "404"), ("auth_method", "none")];
    assert_eq!(gateway.sample(REQUESTS, &labels), Some(1.0));
}
