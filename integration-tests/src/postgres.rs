//! A Postgres server in a container.

use anyhow::Result;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};

use crate::container;

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
    /// Returns an error if no Docker engine responds, or if the server does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(|request| request).await
    }

    /// Starts a server. `change` changes the request for the container, such as the arguments of the server,
    /// or a port of the host that stays the same when the container is stopped and started again.
    ///
    /// # Errors
    /// Returns the same errors as [`Postgres::start`].
    pub async fn start_with(
        change: impl FnOnce(ContainerRequest<GenericImage>) -> ContainerRequest<GenericImage>,
    ) -> Result<Self> {
        // A first server sets up the database and logs to standard output. The final one logs to standard
        // error. It is not enough to wait for the second message, because Docker does not keep the order
        // between the two streams.
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

    /// Returns the URL of the server, with the credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the container, to stop, pause and start it.
    #[must_use]
    pub fn container(&self) -> &ContainerAsync<GenericImage> {
        &self.container
    }
}
