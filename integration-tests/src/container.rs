//! Starts the containers of the databases.

use std::env;

use anyhow::{Context, Result};
use testcontainers::core::ContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};
use tokio::sync::Mutex;

/// Returns the image that this variable names, or the official one.
pub(crate) fn image(variable: &str, official: &str) -> GenericImage {
    let image = env::var(variable);
    let (name, tag) = name_and_tag(image.as_deref().unwrap_or(official));
    GenericImage::new(name, tag)
}

/// Starts a container with the label of the tests. No other container is started at the same time as the
/// first one of the process.
///
/// The first start creates testcontainers' watchdog. If two threads create it at the same time, one of them
/// may panic, because conquer-once 0.4 does not expect that the other one finishes at that moment.
pub(crate) async fn start(
    database: &str,
    request: ContainerRequest<GenericImage>,
) -> Result<ContainerAsync<GenericImage>> {
    static HAS_WATCHDOG: Mutex<bool> = Mutex::const_new(false);
    // testcontainers ignores a label without a value.
    let run = env::var("CARACAL_TEST_RUN").unwrap_or_else(|_| "by-hand".to_owned());
    // After the tests, `cargo xtask test` looks for the containers of its run.
    let request = request.with_label("caracal-metrics-test", run);
    let start = async |request: ContainerRequest<GenericImage>| {
        let image = request.descriptor();
        let started = request.start().await;
        started
            .with_context(|| format!("{database} does not start in Docker from the image {image}"))
    };
    let mut has_watchdog = HAS_WATCHDOG.lock().await;
    if *has_watchdog {
        drop(has_watchdog);
        return start(request).await;
    }
    let container = start(request).await?;
    *has_watchdog = true;
    Ok(container)
}

/// Returns the host and the port on this machine for this port of the container.
pub(crate) async fn address(
    container: &ContainerAsync<GenericImage>,
    port: ContainerPort,
) -> Result<String> {
    // The port is that of IPv4, but "localhost" may resolve to IPv6 first.
    let host = match container.get_host().await?.to_string().as_str() {
        "localhost" => "127.0.0.1".to_owned(),
        elsewhere => elsewhere.to_owned(),
    };
    let port = container.get_host_port_ipv4(port).await?;
    Ok(format!("{host}:{port}"))
}

/// The host of a registry may have a port, so not every colon is in front of a tag.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::name_and_tag;

    #[test]
    fn an_image_is_a_name_and_a_tag() {
        assert_eq!(name_and_tag("postgres:15-alpine"), ("postgres", "15-alpine"));
        assert_eq!(name_and_tag("postgres"), ("postgres", "latest"));
        assert_eq!(
            name_and_tag("registry.test:5000/postgres"),
            ("registry.test:5000/postgres", "latest")
        );
        assert_eq!(
            name_and_tag("registry.test:5000/postgres:15"),
            ("registry.test:5000/postgres", "15")
        );
    }
}
