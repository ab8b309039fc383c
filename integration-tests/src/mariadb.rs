//! A MariaDB server in a container.
//!
//! sqlx's driver for MySQL connects to it. MariaDB is not MySQL 8.4: it has different statements, system
//! tables and ways to log in. The results of these tests about the driver apply to both.

use anyhow::Result;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use crate::container;

const USER: &str = "caracal";
const PASSWORD: &str = "caracal-test";
const ROOT_PASSWORD: &str = "caracal-root";
const DATABASE: &str = "gateway";
const PORT: ContainerPort = ContainerPort::Tcp(3306);

/// A running server. Dropping it removes the container, even if the test panics.
#[derive(Debug)]
pub struct MariaDb {
    _container: ContainerAsync<GenericImage>,
    address: String,
}

impl MariaDb {
    /// Starts a server with these arguments and waits until it accepts connections.
    ///
    /// # Errors
    /// Returns an error if no Docker engine responds, or if the server does not start.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let image = container::image("CARACAL_TEST_MARIADB_IMAGE", "mariadb:10.11");
        let request = image
            .with_exposed_port(PORT)
            // The official image first starts a server that only sets up the database. That server listens on
            // port 0.
            .with_wait_for(WaitFor::message_on_stderr("port: 3306"))
            .with_env_var("MARIADB_ROOT_PASSWORD", ROOT_PASSWORD)
            .with_env_var("MARIADB_USER", USER)
            .with_env_var("MARIADB_PASSWORD", PASSWORD)
            .with_env_var("MARIADB_DATABASE", DATABASE)
            .with_cmd(["mariadbd"].iter().chain(arguments).copied());
        let container = container::start("MariaDB", request).await?;
        let address = container::address(&container, PORT).await?;
        Ok(Self { _container: container, address })
    }

    /// Returns the URL of the database, with the credentials of its owner.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mysql://{USER}:{PASSWORD}@{}/{DATABASE}", self.address)
    }

    /// Returns the URL of the database, with the credentials of the server's administrator.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("mysql://root:{ROOT_PASSWORD}@{}/{DATABASE}", self.address)
    }
}
