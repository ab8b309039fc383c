//! Ports for servers of the tests.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use anyhow::{Context, Result};

/// Below the ports that systems assign to outgoing connections. Such a connection could take a port
/// after it was chosen.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

static CHOSEN: AtomicU16 = AtomicU16::new(0);

/// Returns a port that is free on every interface. No two tests of a process get the same port.
///
/// # Errors
///
/// Returns an error if there is no free port.
pub fn free_port() -> Result<u16> {
    // Tests in other processes begin at another port.
    let begin = process::id().wrapping_mul(101) as u16 % COUNT;
    (0..COUNT)
        .map(|_| FIRST + (begin + CHOSEN.fetch_add(1, Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
        .context("no port is free")
}
