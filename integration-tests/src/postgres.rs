//! A Postgres server in a container of its own.

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

/// A running server. Dropping it removes the container, also when the test panics.
#[derive(Debug)]
pub struct Postgres {
    container: ContainerAsync<GenericImage>,
    url: String,
}

impl Postgres {
    /// Starts a server and waits until it takes connections.
    ///
    /// # Errors
    /// When no Docker engine answers, or when the server does not come up.
    pub async fn start() -> Result<Self> {
        Self::start_with(|request| request).await
    }

    /// Starts a server that `change` has had a say in: its arguments, a host port that stays the same when
    /// the container is stopped and started again.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn start_with(
        change: impl FnOnce(ContainerRequest<GenericImage>) -> ContainerRequest<GenericImage>,
    ) -> Result<Self> {
        let image = env::var("CARACAL_TEST_POSTGRES_IMAGE");
        let image = image.as_deref().unwrap_or("postgres:15-alpine");
        let (name, tag) = name_and_tag(image);
        // One server sets the database up and logs on standard output, the one that stays logs on
        // standard error. The second message alone could be missed: Docker orders the two streams apart.
        let ready = "database system is ready to accept connections";
        // testcontainers leaves out a label without a value.
        let run = env::var("CARACAL_TEST_RUN").unwrap_or_else(|_| "by-hand".to_owned());
        let request = GenericImage::new(name, tag)
            .with_exposed_port(PORT)
            .with_wait_for(WaitFor::message_on_stdout(ready))
            .with_wait_for(WaitFor::message_on_stderr(ready))
            // `cargo xtask test` looks for its run's containers after the tests.
            .with_label("caracal-metrics-test", run)
            .with_env_var("POSTGRES_USER", USER)
            .with_env_var("POSTGRES_PASSWORD", PASSWORD)
            .with_env_var("POSTGRES_DB", DATABASE);
        let container = start(change(request))
            .await
            .with_context(|| format!("Postgres does not start in Docker from the image {image}"))?;
        // The port is the one on IPv4, and "localhost" may mean IPv6 first.
        let host = match container.get_host().await?.to_string().as_str() {
            "localhost" => "127.0.0.1".to_owned(),
            elsewhere => elsewhere.to_owned(),
        };
        let port = container.get_host_port_ipv4(PORT).await?;
        let url = format!("postgres://{USER}:{PASSWORD}@{host}:{port}/{DATABASE}");
        Ok(Self { container, url })
    }

    /// Where the server is, with the credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The container, to stop, pause and start it.
    #[must_use]
    pub fn container(&self) -> &ContainerAsync<GenericImage> {
        &self.container
    }
}

/// Starts a container; the first one of the process alone.
///
/// Whoever starts it makes testcontainers' watchdog. When two threads are about to, one can panic:
/// conquer-once 0.4 takes for unreachable that the other is through just then.
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

/// A registry's host may have a port, so that not every colon sets off a tag.
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
