//! Runs the gateway until Ctrl-C or SIGTERM.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use gateway::{Config, Gateway};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The default log filter. `RUST_LOG` overrides it. During an outage, sqlx logs an error for each connection
/// that it can't open. The gateway logs outages itself. Postgres sends notices for tables that already exist.
const LOGGED: &str = "info,sqlx=warn,sqlx_core::pool=off";

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<()> {
    // Install the handlers before anything exists that has to be cleaned up.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let gateway = Gateway::start(config).await?;
    // Ignore a closed stdout.
    let _ = std::io::stdout().write_all(welcome(config, &gateway).as_bytes());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    gateway.stop().await
}

fn welcome(config: &Config, gateway: &Gateway) -> String {
    let url = format!("http://{}", gateway.address());
    let credentials = gateway.credentials();
    let agent = "billing-bot";
    let token = credentials.token(agent, Duration::from_hours(24));
    let key = credentials.api_key(agent).unwrap_or_default();
    let operator = credentials.operator_key();
    let activity = match (config.no_traffic, config.outage_interval) {
        (true, _) => "The gateway waits for your requests.".to_owned(),
        (false, 0) => format!("The gateway sends {} requests per second to itself.", config.rate),
        (false, seconds) => format!(
            "The gateway sends {} requests per second to itself and breaks its database every {seconds} s.",
            config.rate
        ),
    };
    format!(
        r#"Live metrics: {url}/

Caracal gateway, with {database}

  Metrics   {url}/metrics
  Health    {url}/health

{activity} Press Ctrl-C to stop it. To send your own requests:

  # act as {agent}, with a token or with an API key
  curl -i -X POST {url}/v1/agents/{agent}/actions/send_email -H "x-nonce: $RANDOM$RANDOM" -H 'authorization: Bearer {token}'
  curl -i -X POST {url}/v1/agents/{agent}/actions/delete_record -H "x-nonce: $RANDOM$RANDOM" -H 'x-api-key: {key}'

  # list the latest decisions
  curl {url}/v1/agents/{agent}/ledger -H 'x-api-key: {key}'

  # change or remove a policy, as the operator
  curl -X PUT {url}/v1/agents/{agent}/policies/delete_record -H 'x-api-key: {operator}' -H 'content-type: application/json' -d '{{"effect":"allow"}}'
  curl -X DELETE {url}/v1/agents/{agent}/policies/delete_record -H 'x-api-key: {operator}'

"#,
        database = gateway.database().description(),
    )
}
