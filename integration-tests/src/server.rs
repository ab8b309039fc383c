//! A server program that runs as a child process of the test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{PATIENCE, free_port};

/// A child process that serves HTTP on the loopback interface. It is killed when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    program: PathBuf,
    arguments: Vec<String>,
    ready_path: String,
    address: SocketAddr,
    // Dropped after the child, which writes to the folder. See `drop`.
    folder: TempDir,
}

impl ServerProcess {
    /// Starts `program` and waits until `ready_path` responds with success.
    ///
    /// `arguments` receives the address to listen on, and a folder that is removed together with the
    /// server.
    ///
    /// # Errors
    ///
    /// Returns an error if the program can't be started, exits, or does not respond in time. It
    /// contains the end of the program's output.
    pub async fn start(
        program: &Path,
        ready_path: &str,
        arguments: impl Fn(SocketAddr, &Path) -> Result<Vec<String>>,
    ) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let folder = tempfile::tempdir()?;
        let arguments = arguments(address, folder.path())?;
        let mut server = Self {
            child: spawn(program, &arguments, folder.path())?,
            program: program.to_owned(),
            arguments,
            ready_path: ready_path.to_owned(),
            address,
            folder,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Starts the server again after it was killed, at the same address.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`ServerProcess::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        self.kill();
        self.child = spawn(&self.program, &self.arguments, self.folder.path())?;
        self.wait_until_ready().await
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let url = self.url(&self.ready_path);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}) before {url} answered:\n{}", self.log());
            }
            let answer = reqwest::get(&url).await;
            match answer.and_then(reqwest::Response::error_for_status) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error).with_context(|| {
                        format!("{url} does not answer; the server wrote:\n{}", self.log())
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// The address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path of the server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The output of the server so far, on standard output and standard error, including that before
    /// restarts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(log(self.folder.path()))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Kills the process, without a graceful shutdown. Its port is free afterwards.
    pub fn kill(&mut self) {
        // An error means that it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The folder of the server.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The file in the folder of a server to which it writes its output.
fn log(folder: &Path) -> PathBuf {
    folder.join("output")
}

fn spawn(program: &Path, arguments: &[String], folder: &Path) -> Result<Child> {
    // A file instead of a pipe. Nothing reads the output while the server runs, and a full pipe would
    // block it.
    let output = File::options().create(true).append(true).open(log(folder))?;
    Command::new(program)
        .args(arguments)
        // If the process is killed, it can't clean up. Its temporary files are removed with the folder.
        .env("TMPDIR", folder)
        // Closed when the test ends, so that the server can detect this.
        .stdin(Stdio::piped())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("{} can't be started", program.display()))
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
