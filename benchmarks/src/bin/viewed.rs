//! The cost of recording while browsers show the live page. 4 threads record, with 10,000 series in the
//! registry, in alternating rounds: alone, and while 50 viewers each request the document once a second
//! over HTTP on the loopback interface. The program ends with an error if a record costs over 2% more,
//! or if the memory of the process grows with the viewers.
//!
//! The processor time of the recording threads counts, not the wall-clock time, as in `scraped`. On a
//! machine with few processors, a viewer also evicts data from the caches of the thread that it
//! interrupts. This cost is included.

#[path = "../recording.rs"]
mod recording;

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
use recording::record;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const SERIES: usize = 10_000;
const VIEWERS: u32 = 50;
const THREADS: usize = 4;
const ROUNDS: usize = 15;
/// Each viewer requests the document twice in a round.
const ROUND: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(1);
const ALLOWED: f64 = 1.02;
/// A document and its compressed form, and the pieces that a server has queued for a viewer.
const MEMORY_OF_A_VIEWER: u64 = 512 * 1024;

const REQUEST: &[u8] =
    b"GET /live.json HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";

fn main() -> Result<ExitCode> {
    let metrics = MetricsRegistry::builder().max_series_per_family(SERIES).build()?;
    for agent in 0..SERIES {
        let agent = format!("agent-{agent}");
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, &agent, Duration::ZERO);
    }
    let runtime = Runtime::new()?;
    let app = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(0).live().into_router();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?.to_string();
    runtime.spawn(async { axum::serve(listener, app).await });

    // This excludes what is allocated once, and what the allocator keeps.
    record(&metrics, THREADS, ROUND);
    runtime.block_on(document(&address))?;
    let (mut ratios, mut documents) = (Vec::new(), 0);
    let (before, mut most) = (resident()?, 0);
    for round in 0..ROUNDS {
        // The order alternates, so that a machine whose speed changes does not favour either.
        let (alone, viewed) = if round % 2 == 0 {
            let alone = record(&metrics, THREADS, ROUND);
            (alone, record_viewed(&metrics, &runtime, &address, &mut documents)?)
        } else {
            let viewed = record_viewed(&metrics, &runtime, &address, &mut documents)?;
            (record(&metrics, THREADS, ROUND), viewed)
        };
        most = most.max(resident()?);
        ratios.push(viewed / alone);
        println!("{alone:.2} ns alone, {viewed:.2} ns while viewed");
    }
    ensure!(documents >= u64::from(VIEWERS) * ROUNDS as u64, "only {documents} documents");
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    println!(
        "recording a gateway request costs {ratio:.3} of its cost alone ({:.3} to {:.3}; {documents} documents)",
        ratios[1],
        ratios[ROUNDS - 2]
    );
    let grown = most.saturating_sub(before);
    println!("the process grew by {} KiB, to {} MiB", grown / 1024, most / 1024 / 1024);
    let is_bounded = grown <= u64::from(VIEWERS) * MEMORY_OF_A_VIEWER;
    Ok(if ratio > ALLOWED || !is_bounded { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn record_viewed(
    metrics: &MetricsRegistry,
    runtime: &Runtime,
    address: &str,
    documents: &mut u64,
) -> Result<f64> {
    let viewers = Viewers::start(runtime, address);
    let nanos = record(metrics, THREADS, ROUND);
    *documents += viewers.stop(runtime)?;
    Ok(nanos)
}

/// Browsers that poll, each at its own time within the second.
struct Viewers {
    stop: Arc<AtomicBool>,
    documents: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Viewers {
    fn start(runtime: &Runtime, address: &str) -> Self {
        let (stop, documents) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let tasks = (0..VIEWERS).map(|number| {
            let (stop, documents) = (Arc::clone(&stop), Arc::clone(&documents));
            let address = address.to_owned();
            runtime.spawn(async move {
                tokio::time::sleep(EVERY * number / VIEWERS).await;
                while !stop.load(Relaxed) {
                    document(&address).await?;
                    documents.fetch_add(1, Relaxed);
                    tokio::time::sleep(EVERY).await;
                }
                Ok(())
            })
        });
        Self { stop: Arc::clone(&stop), documents: Arc::clone(&documents), tasks: tasks.collect() }
    }

    /// Stops the viewers and returns the number of documents that they received.
    fn stop(self, runtime: &Runtime) -> Result<u64> {
        self.stop.store(true, Relaxed);
        for viewer in self.tasks {
            runtime.block_on(viewer)??;
        }
        Ok(self.documents.load(Relaxed))
    }
}

async fn document(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// The resident memory of the process, in bytes.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kibibytes.trim().parse::<u64>()? * 1024)
}
