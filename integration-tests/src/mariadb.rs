//! A MariaDB server in a container of its own.
//!
//! sqlx's driver for MySQL connects to it. MariaDB is not MySQL 8.4: it has other statements, system tables and
//! ways to log in. What these tests show of the driver holds for both.

use anyhow::Result;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use crate::container;

const USER: &str = "caracal";
const PASSWORD: &str = "caracal-test";
const ROOT_PASSWORD: &str = "caracal-root";
const DATABASE: &str = "gateway";
const PORT: ContainerPort = ContainerPort::Tcp(3306);

/// A running server. Dropping it removes the container, also when the test panics.
#[derive(Debug)]
pub struct MariaDb {
    _container: ContainerAsync<GenericImage>,
    address: String,
}

impl MariaDb {
    /// Starts a server with these arguments and waits until it takes connections.
    ///
    /// # Errors
    /// When no Docker engine answers, or when the server does not come up.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let image = container::image("CARACAL_TEST_MARIADB_IMAGE", "mariadb:10.11");
        let request = image
            .with_exposed_port(PORT)
            // The server that only sets the database up in the official image listens to port 0.
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

    /// Where the server is, with the credentials of the database's owner.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mysql://{USER}:{PASSWORD}@{}/{DATABASE}", self.address)
    }

    /// The same database with the credentials of the server's administrator.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("mysql://root:{ROOT_PASSWORD}@{}/{DATABASE}", self.address)
    }
}
