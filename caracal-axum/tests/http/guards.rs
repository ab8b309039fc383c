//! Which clients are allowed to scrape.

use std::panic::catch_unwind;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use tower::ServiceExt;

fn endpoint() -> MetricsEndpoint {
    MetricsEndpoint::new(&MetricsRegistry::new())
}

/// The status, and the challenges of the answer.
async fn ask(app: &Router, authorization: Option<&str>) -> (StatusCode, Vec<String>) {
    let mut request = Request::get("/metrics");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let challenges = response.headers().get_all("www-authenticate");
    let challenges = challenges.iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    (response.status(), challenges)
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

async fn assert_lets_in(app: &Router, allowed: &[&str], refused: &[&str]) {
    for authorization in allowed {
        assert_eq!(ask(app, Some(authorization)).await.0, StatusCode::OK, "{authorization}");
    }
    for authorization in refused {
        let (status, challenges) = ask(app, Some(authorization)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization}");
        assert!(!challenges.is_empty(), "{authorization}");
    }
    assert_eq!(ask(app, None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_open_endpoint_asks_for_nothing() {
    let app = endpoint().into_router();
    assert_eq!(ask(&app, None).await, (StatusCode::OK, vec![]));
    assert_eq!(ask(&app, Some("Bearer whatever")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_bearer_token() {
    let app = endpoint().bearer_token("s3cret").into_router();
    assert_lets_in(
        &app,
        &["Bearer s3cret", "bearer s3cret", "BEARER   s3cret"],
        &[
            "Bearer s3cre",
            "Bearer s3cret2",
            "Bearer S3CRET",
            "Bearer ",
            "Bearer",
            "s3cret",
            "",
            "Basic s3cret",
            &basic("s3cret:s3cret"),
        ],
    )
    .await;
    assert_eq!(ask(&app, None).await.1, [r#"Bearer realm="metrics""#]);
}

#[tokio::test]
async fn a_bearer_token_from_a_file_that_ends_its_line() {
    let app = endpoint().bearer_token("s3cret\n").into_router();
    assert_lets_in(&app, &["Bearer s3cret"], &["Bearer s3cre"]).await;
}

#[tokio::test]
async fn a_name_and_a_password() {
    let app = endpoint().basic_auth("prometheus", "p\u{e4}ss:word").into_router();
    assert_lets_in(
        &app,
        &[&basic("prometheus:p\u{e4}ss:word")],
        &[
            &basic("prometheus:p\u{e4}ss"),
            &basic("other:p\u{e4}ss:word"),
            &basic(""),
            "Basic",
            "Basic prometheus:p\u{e4}ss:word",
            "Bearer s3cret",
        ],
    )
    .await;
    assert_eq!(ask(&app, None).await.1, [r#"Basic realm="metrics", charset="UTF-8""#]);
}

#[tokio::test]
async fn several_are_let_in() {
    let app = endpoint().bearer_token("old").bearer_token("new").basic_auth("a", "b").into_router();
    assert_lets_in(&app, &["Bearer old", "Bearer new", &basic("a:b")], &["Bearer b"]).await;
    assert_eq!(ask(&app, None).await.1.len(), 2);
}

/// Such a token would either open the endpoint to everyone or exclude every scraper.
#[test]
fn a_setting_that_was_forgotten_is_refused_at_once() {
    let said = |build: fn() -> MetricsEndpoint| {
        let panic = catch_unwind(build).expect_err("it is refused");
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
    };
    for build in [|| endpoint().bearer_token(""), || endpoint().bearer_token(" \r\n")] {
        let said = said(build).expect("a text");
        assert!(said.contains("bearer_token") && said.contains("set the token"), "{said}");
    }
    let said = said(|| endpoint().basic_auth("admin", "")).expect("a text");
    assert!(said.contains("basic_auth") && said.contains("\"admin\""), "{said}");
}

/// An unauthorized client gets neither the page nor a place, and does not learn which methods exist.
#[tokio::test]
async fn a_stranger_learns_nothing() {
    let metrics = MetricsRegistry::new();
    let app: Router = MetricsEndpoint::new(&metrics).bearer_token("s3cret").into_router();
    let request = Request::post("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!response.headers().contains_key("allow"));
    let refused = metrics.sample("caracal_metrics_scrapes_total", &[("status_code", "401")]);
    assert_eq!(refused, Some(1.0));
    let endpoint = MetricsEndpoint::new(&metrics).bearer_token("s3cret");
    assert!(!format!("{endpoint:?}").contains("s3cret"));
}
