//! A Postgres server in a separate container.

use std::env;

use anyhow::{Context, Result};
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError,
};
use tokio::sync::Mutex;

const USER: &str = "caracal";
const PASSWORD: &str = "caracal-test";
const DATABASE: &str = "gateway";
const PORT: ContainerPort = ContainerPort::Tcp(5432);

/// A running server. Dropping it removes the container, even if the test panics.
#[derive(Debug)]
pub struct Postgres {
    container: ContainerAsync<GenericImage>,
    url: String,
}

impl Postgres {
    /// Starts a server and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// Returns an error if no Docker engine responds, or if the server does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(|request| request).await
    }

    /// Starts a server whose container `change` has configured, for example its arguments, or a host
    /// port that stays the same when the container is stopped and started again.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Postgres::start`].
    pub async fn start_with(
        change: impl FnOnce(ContainerRequest<GenericImage>) -> ContainerRequest<GenericImage>,
    ) -> Result<Self> {
        let image = env::var("CARACAL_TEST_POSTGRES_IMAGE");
        let image = image.as_deref().unwrap_or("postgres:15-alpine");
        let (name, tag) = name_and_tag(image);
        // A temporary server initializes the database and logs on standard output. The final server
        // logs on standard error. The second message alone could be missed, because Docker orders the
        // two streams separately.
        let ready = "database system is ready to accept connections";
        // testcontainers leaves out a label without a value.
        let run = env::var("CARACAL_TEST_RUN").unwrap_or_else(|_| "by-hand".to_owned());
        let request = GenericImage::new(name, tag)
            .with_exposed_port(PORT)
            .with_wait_for(WaitFor::message_on_stdout(ready))
            .with_wait_for(WaitFor::message_on_stderr(ready))
            // `cargo xtask test` looks for the containers of its run after the tests.
            .with_label("caracal-metrics-test", run)
            .with_env_var("POSTGRES_USER", USER)
            .with_env_var("POSTGRES_PASSWORD", PASSWORD)
            .with_env_var("POSTGRES_DB", DATABASE);
        let container = start(change(request))
            .await
            .with_context(|| format!("Postgres does not start in Docker from the image {image}"))?;
        // The port is for IPv4, and "localhost" may resolve to IPv6 first.
        let host = match container.get_host().await?.to_string().as_str() {
            "localhost" => "127.0.0.1".to_owned(),
            elsewhere => elsewhere.to_owned(),
        };
        let port = container.get_host_port_ipv4(PORT).await?;
        let url = format!("postgres://{USER}:{PASSWORD}@{host}:{port}/{DATABASE}");
        Ok(Self { container, url })
    }

    /// The URL of the server, with the credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The container, which can be stopped, paused and started.
    #[must_use]
    pub fn container(&self) -> &ContainerAsync<GenericImage> {
        &self.container
    }
}

/// Starts a container. The first container of the process is started alone.
///
/// The first start creates the watchdog of testcontainers. If two threads do this at the same time, one
/// can panic: conquer-once 0.4 considers it unreachable that the other thread has just finished.
async fn start(
    request: ContainerRequest<GenericImage>,
) -> Result<ContainerAsync<GenericImage>, TestcontainersError> {
    static HAS_WATCHDOG: Mutex<bool> = Mutex::const_new(false);
    let mut has_watchdog = HAS_WATCHDOG.lock().await;
    if *has_watchdog {
        drop(has_watchdog);
        return request.start().await;
    }
    let container = request.start().await?;
    *has_watchdog = true;
    Ok(container)
}

/// The host of a registry may contain a port, so not every colon separates a tag.
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
