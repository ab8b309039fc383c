//! The service for the fault scenarios. It uses every adapter, and each response reports what the
//! client can't know otherwise, independently of the metrics.
//!
//! `service-under-test ADDRESS DATABASE_URL SETTINGS`, with the settings as JSON.

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

    // A test that is killed can't kill this process, but its standard input is closed.
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    // This is the first step, so that no other process listens here while this one connects.
    let listener = TcpListener::bind(address).await?;
    let parts = Parts::assemble(&settings, &database_url).await?;
    Ok(axum::serve(listener, handlers::router(parts)).await?)
}
