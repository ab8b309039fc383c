//! The program: how it starts, refuses to start, and ends.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn gateway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(arguments).env_remove("DATABASE_URL").env_remove("RUST_LOG");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn refuse_to_start(arguments: &[&str]) -> String {
    let running = gateway(arguments).output();
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, running).await.expect("it ends").expect("it runs");
    let stderr = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("gateway: "), "{stderr}");
    assert!(stdout.is_empty());
    stderr
}

#[tokio::test]
async fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refuse_to_start(&["--listen", &address]).await;
    assert!(error.contains(&address) && error.contains("--listen"), "{error}");
}

#[tokio::test]
async fn a_database_that_can_not_be_had() {
    let start = async |url: &str| {
        refuse_to_start(&["--listen", "127.0.0.1:0", "--database-url", url]).await
    };

    let error = start("not a URL with s3cret").await;
    assert!(error.contains("database URL") && error.contains("postgres://"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let error = start("oracle://localhost/gateway").await;
    assert!(error.contains("oracle://localhost/gateway"), "{error}");
    let error = start("sqlite:///no/such/folder/gateway.db").await;
    assert!(error.contains("sqlite:///no/such/folder/gateway.db"), "{error}");
    assert_eq!(error.matches("unable to open database file").count(), 1, "{error}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    for url in [
        format!("postgres://caracal:s3cret@{nobody}/gateway"),
        format!("postgres://caracal:s3%40cret@{nobody}/gateway?password=s3cret&sslmode=disable"),
    ] {
        let error = start(&url).await;
        assert!(error.contains("refused"), "{error}");
        assert!(error.contains(&format!("postgres://caracal@{nobody}/gateway")), "{error}");
        assert!(!error.contains("s3"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_for_the_database_that_can_not_be_had() {
    let running = gateway(&["--listen", "127.0.0.1:0"]).env("TMPDIR", "/no/such/folder").output();
    let output = timeout(PATIENCE, running).await.expect("it ends").expect("it runs");
    let error = String::from_utf8(output.stderr).expect("text");
    assert!(error.contains("/no/such/folder") && error.contains("TMPDIR"), "{error}");
}

#[tokio::test]
async fn it_listens_on_the_address_of_a_host_name() {
    let mut child = gateway(&["--listen", "localhost:0", "--no-traffic"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let welcome = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, url)) = line.split_once("Metrics   http://") {
                return url.strip_suffix("/metrics").map(str::to_owned);
            }
        }
        None
    };
    let address = timeout(PATIENCE, welcome).await.expect("it starts or ends");
    let Some(address) = address else {
        let output = child.wait_with_output().await.unwrap();
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    };
    TcpStream::connect(&address).await.expect("it listens");
}

#[tokio::test]
async fn an_address_without_a_port() {
    for address in ["localhost", "8443", ":8443", "localhost:http", "localhost:70000", "::1:8443"] {
        let output = gateway(&["--listen", address]).output().await.unwrap();
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("localhost:8443") && error.contains(address), "{error}");
    }
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn ctrl_c_and_sigterm_end_it_and_nothing_is_left_behind() {
    for name in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = gateway(&["--listen", "127.0.0.1:0", "--rate", "100"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let welcome = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("a line with the address");
                if let Some((_, url)) = line.split_once("Metrics   http://") {
                    return url.strip_suffix("/metrics").expect("the page's path").to_owned();
                }
            }
        };
        let address = timeout(PATIENCE, welcome).await.expect("it starts");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the database");
        // A client that stays connected and sends nothing does not prevent it from stopping.
        let _idle = TcpStream::connect(&address).await.expect("it listens");

        signal(&child, name).await;
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert!(!log.contains("ERROR"), "{log}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the database is gone");
    }
}

#[tokio::test]
async fn help_explains_every_flag() {
    let output = gateway(&["--help"]).output().await.unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in ["--listen", "--database-url", "--no-traffic", "--rate", "--outage-interval"] {
        let (_, text) = help.split_once(flag).unwrap_or_else(|| panic!("{flag}: {help}"));
        let explanation = text.lines().skip(1).find(|line| !line.trim().is_empty());
        assert!(explanation.is_some_and(|line| line.starts_with("        ")), "{flag}: {help}");
    }
    assert!(help.contains("127.0.0.1:8443"), "{help}");
}
