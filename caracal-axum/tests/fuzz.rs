//! Random headers and queries at the endpoint. `cargo xtask fuzz` runs this test for a given time.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use http_body_util::BodyExt;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tower::ServiceExt;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const SECRETS: [&str; 2] = ["prometheus", "p\u{e4}ss:word"];
const CODINGS: [&str; 12] =
    ["gzip", "x-gzip", "identity", "*", "br", ";q=0", ";q=0.5", ";q=1", ";q=2", ",", " ", ";"];
const OF_AUTHORIZATION: [&str; 10] =
    ["Basic ", "basic  ", "Bearer ", "Basic", "=", "cHJv", "\t", " ", ",", "\u{ff}"];
const FAMILIES: [&str; 4] = [
    "caracal_policy_cache_size",
    "caracal_gateway_requests_in_flight",
    "caracal_gateway_degraded_mode_requests_total",
    "no_such_family",
];

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn ask(app: &Router, query: &str, headers: &[(&'static str, &[u8])]) -> Option<Answer> {
    let mut request = Request::get(format!("/metrics{query}"));
    for (name, value) in headers {
        // A server refuses invalid headers before the endpoint sees them.
        request = request.header(*name, HeaderValue::from_bytes(value).ok()?);
    }
    let request = request.body(Body::empty()).ok()?;
    RUNTIME.block_on(async {
        let response = app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Some(Answer { status: parts.status, headers: parts.headers, body })
    })
}

fn made_of(fragments: &'static [&'static str]) -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop::sample::select(fragments), 0..8);
    prop_oneof![4 => parts.prop_map(|parts| parts.concat()), 1 => any::<String>()]
}

fn endpoint() -> MetricsEndpoint {
    MetricsEndpoint::new(&MetricsRegistry::new())
}

/// The page, decompressed if the answer is compressed.
fn page(answer: &Answer) -> String {
    let body = if answer.headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut text = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(&*answer.body);
        std::io::Read::read_to_end(&mut reader, &mut text).expect("gzip");
        text
    } else {
        answer.body.clone()
    };
    String::from_utf8(body).expect("a page is UTF-8")
}

proptest! {
    #[test]
    fn any_accept_encoding_gets_a_page_in_a_coding_that_it_names(header in made_of(&CODINGS)) {
        let app = endpoint().into_router();
        let Some(answer) = ask(&app, "", &[("accept-encoding", header.as_bytes())]) else {
            return Ok(());
        };
        prop_assert_eq!(answer.status, StatusCode::OK);
        let is_gzip = answer.headers.contains_key("content-encoding");
        prop_assert!(!is_gzip || header.to_ascii_lowercase().contains("gzip") || header.contains('*'));
        prop_assert!(page(&answer).contains("# TYPE caracal_gateway_requests_total counter"));
    }

    #[test]
    fn only_the_secrets_let_in(
        name in any::<String>(),
        password in any::<String>(),
        header in made_of(&OF_AUTHORIZATION),
    ) {
        let [right_name, right_password] = SECRETS;
        let app = endpoint().basic_auth(right_name, right_password).into_router();
        let token = |name: &str, password: &str| STANDARD.encode(format!("{name}:{password}"));
        let right = token(right_name, right_password);
        let wrong = token(&name, &password);
        for header in [
            header.clone(),
            format!("Basic {wrong}"),
            format!("Basic {right}{header}x"),
            format!("Basic {}", &right[..right.len() - 1]),
            format!("Bearer {right}"),
        ] {
            let is_right = header.trim_end() == format!("Basic {right}");
            let Some(answer) = ask(&app, "", &[("authorization", header.as_bytes())]) else { continue };
            let expected = if is_right { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            prop_assert_eq!(answer.status, expected, "{}", header);
            prop_assert!(is_right || !String::from_utf8_lossy(&answer.body).contains("# TYPE"));
        }
        let let_in = ask(&app, "", &[("authorization", format!("Basic {right}").as_bytes())]);
        prop_assert_eq!(let_in.map(|answer| answer.status), Some(StatusCode::OK));
    }

    #[test]
    fn a_selection_has_the_families_that_it_names(
        chosen in prop::collection::vec((prop::sample::select(&FAMILIES[..]), any::<bool>()), 0..5),
        noise in "[a-z\\[\\]%&=+é0-9]{0,12}",
    ) {
        let app = endpoint().into_router();
        let mut query: Vec<_> = chosen
            .iter()
            .map(|(name, escaped)| format!("{}={name}", if *escaped { "name%5B%5D" } else { "name[]" }))
            .collect();
        query.push(noise.clone());
        let Some(answer) = ask(&app, &format!("?{}", query.join("&")), &[]) else { return Ok(()) };
        // Random text could name a family only as `name[]`. Its letters do not form this word by chance.
        prop_assume!(!noise.contains("name"));
        let page = page(&answer);
        prop_assert_eq!(answer.status, StatusCode::OK);
        for family in FAMILIES {
            let asked = chosen.is_empty() || chosen.iter().any(|(name, _)| *name == family);
            let there = page.contains(&format!("# TYPE {family} "));
            prop_assert_eq!(there, asked && family != "no_such_family", "{} in {}", family, page);
        }
    }
}
