//! The service that scenarios of faults are played with: every adapter is in use, and every answer
//! says, in the service's own words, what a client's books can't know otherwise.
//!
//! `service-under-test ADDRESS DATABASE_URL SETTINGS`, the settings as JSON.

mod handlers;
mod parts;

use std::net::SocketAddr;
use std::{env, io, process, thread};

use anyhow::{Context, Result};
use integration_tests::service::Settings;
use tokio::net::TcpListener;

use crate::parts::Parts;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next = |name| arguments.next().with_context(|| format!("{name} is missing"));
    let address: SocketAddr = next("ADDRESS")?.parse()?;
    let database_url = next("DATABASE_URL")?;
    let settings: Settings = serde_json::from_str(&next("SETTINGS")?)?;

    // A test that is killed can't kill us, but our standard input ends with it.
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    // First, so that nobody else answers here while we connect.
    let listener = TcpListener::bind(address).await?;
    let parts = Parts::assemble(&settings, &database_url).await?;
    Ok(axum::serve(listener, handlers::router(parts)).await?)
}
