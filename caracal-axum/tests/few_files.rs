//! A process that may open few files. Untrusted clients at the metrics port do not stop the service.
#![cfg(all(unix, feature = "serve"))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;

const TEST: &str = "strangers_at_the_metrics_do_not_stop_the_service";
/// The test starts its own binary as the service.
const AS_SERVICE: &str = "CARACAL_TEST_AS_SERVICE";
const FILES: usize = 64;
const STRANGERS: usize = 120;
const PATIENCE: Duration = Duration::from_secs(60);

/// The child process: serves an application, and its metrics on another port.
fn serve() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let application = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metrics = MetricsRegistry::new();
        let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await.unwrap();
        println!("listens {} {}", application.local_addr().unwrap(), server.local_addr());
        let router = Router::new().route("/", get(async || "hello"));
        tokio::spawn(async move { axum::serve(application, router).await });
        // Until the test ends and closes standard input.
        let wait = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
    });
}

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> (Service, SocketAddr, SocketAddr) {
    let script = format!("ulimit -n {FILES} && exec \"$0\" --exact {TEST} --nocapture");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(AS_SERVICE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let service = Service(child);
    // The test harness may have begun the line.
    let line = stdout.lines().map(Result::unwrap).find(|line| line.contains("listens ")).unwrap();
    let mut addresses = line.split("listens ").nth(1).unwrap().split(' ');
    let mut next = || addresses.next().unwrap().parse().unwrap();
    let (application, metrics) = (next(), next());
    (service, application, metrics)
}

fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    assert!(read.is_ok(), "{address}{path}: {read:?}");
    answer
}

#[test]
fn strangers_at_the_metrics_do_not_stop_the_service() {
    if std::env::var_os(AS_SERVICE).is_some() {
        return serve();
    }
    let (_service, application, metrics) = start();
    let strangers: Vec<_> = (0..STRANGERS).map(|_| TcpStream::connect(metrics).unwrap()).collect();
    assert!(ask(application, "/").ends_with("hello"));
    assert!(ask(metrics, "/metrics").starts_with("HTTP/1.1 200"));
    assert!(ask(application, "/").ends_with("hello"));

    // All connections are closed, except those that have a place.
    let is_open = |stranger: &&TcpStream| {
        stranger.set_nonblocking(true).unwrap();
        stranger.peek(&mut [0]).is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
    };
    let start = Instant::now();
    while strangers.iter().filter(is_open).count() > FILES / 2 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
}
