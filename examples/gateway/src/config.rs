//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;

/// A small agent gateway with live metrics.
///
/// The gateway sends requests to itself and breaks its own database from time to
/// time, so that its metrics change.
#[derive(Clone, Debug, Parser)]
#[command(name = "gateway", version, verbatim_doc_comment, next_line_help = true)]
pub struct Config {
    /// Address or host name, and port, to listen on.
    ///
    /// Use 0.0.0.0:8443 to accept connections from other machines and containers.
    #[arg(long, value_name = "ADDRESS", default_value_t = Self::default().listen,
          value_parser = listen)]
    pub listen: String,

    /// postgres:// or sqlite:// URL of the database for the policies and the ledger.
    ///
    /// By default, the gateway uses a temporary SQLite file and removes it at exit.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Only respond to requests. Do not send any, and do not break the database.
    #[arg(long)]
    pub no_traffic: bool,

    /// Number of requests per second that the gateway sends to itself.
    #[arg(long, value_name = "PER_SECOND", default_value_t = Self::default().rate,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rate: u32,

    /// Seconds from the start of a database outage to the next, or 0 for no outages.
    ///
    /// The first outage begins after 4 seconds. Each outage lasts 4 seconds. The
    /// minimum interval is 8 seconds.
    #[arg(long, value_name = "SECONDS", verbatim_doc_comment,
          default_value_t = Self::default().outage_interval,
          value_parser = outage_interval)]
    pub outage_interval: u32,
}

/// Checks the syntax only. A host name is resolved when the gateway starts to listen.
fn listen(text: &str) -> Result<String, String> {
    let has_name_and_port = || {
        let (host, port) = text.split_once(':')?;
        Some(!host.is_empty() && port.parse::<u16>().is_ok())
    };
    if text.parse::<SocketAddr>().is_ok() || has_name_and_port() == Some(true) {
        return Ok(text.to_owned());
    }
    Err("must be an address and a port, such as localhost:8443, 0.0.0.0:8443 or [::1]:8443".into())
}

fn outage_interval(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(seconds) if seconds == 0 || seconds >= 8 => Ok(seconds),
        _ => Err("must be 0, or 8 or more".to_owned()),
    }
}

/// How long the gateway runs before the first outage.
pub(crate) const FIRST_OUTAGE_AFTER: Duration = Duration::from_secs(4);

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8443".to_owned(),
            database_url: None,
            no_traffic: false,
            rate: 20,
            outage_interval: 45,
        }
    }
}
