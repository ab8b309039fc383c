//! A Postgres server in a container of its own.

use anyhow::Result;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};

use crate::container;

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
        // One server sets the database up and logs on standard output, the one that stays logs on
        // standard error. The second message alone could be missed: Docker orders the two streams apart.
        let ready = "database system is ready to accept connections";
        let image = container::image("CARACAL_TEST_POSTGRES_IMAGE", "postgres:15-alpine");
        let request = image
            .with_exposed_port(PORT)
            .with_wait_for(WaitFor::message_on_stdout(ready))
            .with_wait_for(WaitFor::message_on_stderr(ready))
            .with_env_var("POSTGRES_USER", USER)
            .with_env_var("POSTGRES_PASSWORD", PASSWORD)
            .with_env_var("POSTGRES_DB", DATABASE);
        let container = container::start("Postgres", change(request)).await?;
        let address = container::address(&container, PORT).await?;
        let url = format!("postgres://{USER}:{PASSWORD}@{address}/{DATABASE}");
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
