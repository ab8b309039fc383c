//! What a scraper accepts, and what it gets.

use std::io::Read;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use caracal_axum::{MetricsEndpoint, metrics_endpoint};
use caracal_metrics_core::{Format, MetricsRegistry};
use flate2::read::GzDecoder;
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn scrape(headers: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
    let app: Router = Router::new().route("/metrics", metrics_endpoint(&MetricsRegistry::new()));
    let mut request = Request::get("/metrics?name[]=caracal_gateway_replay_blocks_total");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "{headers:?}");
    assert_eq!(response.headers()["vary"], "Accept, Accept-Encoding", "{headers:?}");
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

const TEXT: &str = "\
# HELP caracal_gateway_replay_blocks_total Total number of requests blocked by replay protection
# TYPE caracal_gateway_replay_blocks_total counter
";
const OPEN_METRICS: &str = "\
# HELP caracal_gateway_replay_blocks Total number of requests blocked by replay protection
# TYPE caracal_gateway_replay_blocks counter
# EOF
";

#[tokio::test]
async fn openmetrics_to_who_names_it_on_any_line() {
    for accept in [
        &[("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")][..],
        &[("accept", "text/plain;q=0.5"), ("accept", "application/openmetrics-text")],
    ] {
        let (headers, page) = scrape(accept).await;
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(headers["content-type"], content_type, "{accept:?}");
        assert_eq!(String::from_utf8(page).unwrap(), OPEN_METRICS);
    }
}

/// The headers of Prometheus 3.0 and 3.4, of one with its own scheme, of an older one, and of a browser.
#[tokio::test]
async fn the_escaping_scheme_is_repeated_to_clients_that_ask_for_one() {
    const OM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
    for (accept, content_type) in [
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,*/*;q=0.1",
            format!("{OM}; escaping=allow-utf-8"),
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=underscores;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            format!("{OM}; escaping=underscores"),
        ),
        (
            "text/plain;version=1.0.0;escaping=values;q=0.6,text/plain;version=0.0.4;q=0.5",
            "text/plain; version=1.0.0; charset=utf-8; escaping=values".to_owned(),
        ),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", OM.to_owned()),
        ("text/html,*/*;q=0.8", PLAIN.to_owned()),
    ] {
        let (headers, _) = scrape(&[("accept", accept)]).await;
        assert_eq!(headers["content-type"], content_type, "{accept}");
    }
}

#[tokio::test]
async fn gzip_to_who_takes_it() {
    for (line, compressed) in [
        (&[("accept-encoding", "gzip")][..], true),
        (&[("accept-encoding", "deflate"), ("accept-encoding", "gzip;q=0.5")], true),
        (&[("accept-encoding", "gzip;q=0")], false),
        (&[("accept-encoding", "br")], false),
        (&[], false),
    ] {
        let (headers, page) = scrape(line).await;
        assert_eq!(headers.get("content-encoding").is_some_and(|c| c == "gzip"), compressed);
        assert_eq!(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let mut plain = String::new();
        if compressed {
            GzDecoder::new(&page[..]).read_to_string(&mut plain).unwrap();
        } else {
            plain = String::from_utf8(page).unwrap();
        }
        assert_eq!(plain, TEXT, "{line:?}");
    }
}

#[tokio::test]
async fn a_page_is_compressed_up_to_a_length() {
    let metrics = MetricsRegistry::new();
    // Hardly compressible, so that both forms have several pieces.
    for number in 1..3_000_u64 {
        let reason = format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        metrics.record_replay_block(&reason);
    }
    let name = "caracal_gateway_replay_blocks_total";
    let mut page = Vec::new();
    metrics.encode_named(Format::Text, &[name], &mut page);
    for (up_to, accept_encoding, compressed) in [
        (page.len(), "gzip", true),
        (page.len() - 1, "gzip", false),
        (0, "gzip", false),
        (0, "gzip, identity;q=0", true),
        (usize::MAX, "identity", false),
    ] {
        let app: Router = MetricsEndpoint::new(&metrics).gzip_up_to(up_to).into_router();
        let request = Request::get(format!("/metrics?name[]={name}"));
        let request = request.header("accept-encoding", accept_encoding);
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let what = format!("{up_to}, {accept_encoding}");
        assert_eq!(response.headers().contains_key("content-encoding"), compressed, "{what}");
        assert_eq!(response.headers()["vary"], "Accept, Accept-Encoding", "{what}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let mut plain = Vec::new();
        if compressed {
            assert!(body.len() < page.len());
            GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
        } else {
            plain.extend_from_slice(&body);
        }
        assert!(plain == page, "{what}");
    }
}
