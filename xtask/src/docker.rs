//! The Docker engine that the integration tests start their databases in.

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::tools;

/// The label of every container that the tests start; its value names the run.
const CONTAINER_LABEL: &str = "caracal-metrics-test";

/// Makes sure that a Docker engine answers: as root it may start one, on Debian also install it.
pub(crate) fn ensure_engine(sh: &Shell, scratch: &Path) -> Result<()> {
    let Err(silence) = engine_version(sh) else {
        return Ok(());
    };
    if let Some(host) = env::var_os("DOCKER_HOST") {
        // Whoever set this wants that engine and no other.
        bail!("no engine answers at DOCKER_HOST={}: {silence:#}", host.display());
    }
    if !tools::is_debian_root(sh) {
        return Err(silence);
    }
    if tools::find("docker").is_none() || tools::find("dockerd").is_none() {
        tools::install(sh, "docker.io")?;
    }
    if tools::find("docker").is_none() {
        // From Debian 13 on, docker.io is the engine alone.
        tools::install(sh, "docker-cli")?;
    }
    start_engine(sh, scratch)
}

/// The engine's version, or why there is none.
fn engine_version(sh: &Shell) -> Result<String> {
    if tools::find("docker").is_none() {
        bail!("the command docker is not installed");
    }
    let format = "{{.Server.Version}}";
    let answer = cmd!(sh, "docker version --format {format}").quiet().ignore_status().output()?;
    if !answer.status.success() {
        let complaint = String::from_utf8_lossy(&answer.stderr);
        bail!("{}", complaint.trim().lines().next_back().unwrap_or("docker version failed"));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

fn start_engine(sh: &Shell, scratch: &Path) -> Result<()> {
    // A machine without a service manager (a container) may have no such command, no such service, or
    // one that fails.
    let started = cmd!(sh, "service docker start").ignore_status().output();
    if started.is_ok_and(|outcome| outcome.status.success())
        && answers_within(sh, Duration::from_secs(20))
    {
        return Ok(());
    }
    let dockerd = tools::find("dockerd").context("the command dockerd is not installed")?;
    fs::create_dir_all(scratch)?;
    let log_path = scratch.join("dockerd.log");
    let log = File::create(&log_path)?;
    eprintln!("starting {} (log: {})", dockerd.display(), log_path.display());
    // It stays, as a service would: the next run finds it. A process group of its own keeps an interrupt
    // of this run away from it. It looks for iptables among the administrators' programs.
    let mut engine = Command::new(dockerd)
        .env("PATH", env::join_paths(tools::folders())?)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("dockerd can't be started")?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while let Err(silence) = engine_version(sh) {
        let ended = engine.try_wait()?.is_some();
        if ended || Instant::now() > deadline {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            let last_line = log.lines().next_back().unwrap_or("nothing in its log");
            let fate = if ended { "ended again" } else { "does not answer" };
            return Err(silence.context(format!("dockerd was started and {fate} ({last_line})")));
        }
        thread::sleep(Duration::from_millis(250));
    }
    Ok(())
}

/// Waits until the engine that a service manager starts answers.
fn answers_within(sh: &Shell, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while engine_version(sh).is_err() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(250));
    }
    true
}

/// Whether the engine has this image.
pub(crate) fn has_image(sh: &Shell, image: &str) -> bool {
    cmd!(sh, "docker image inspect {image}").quiet().ignore_stderr().read().is_ok()
}

/// Pulls an image, unless that takes too long: where the network is closed, some resolvers and firewalls
/// let a connection hang instead of refusing it.
pub(crate) fn pull(image: &str, patience: Duration) -> Result<()> {
    eprintln!("$ docker pull {image}");
    let mut pull = Command::new("docker")
        .args(["pull", "--quiet", image])
        .stdin(Stdio::null())
        .spawn()
        .context("docker pull can't be started")?;
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = pull.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("docker pull {image} failed");
        }
        if Instant::now() > deadline {
            pull.kill()?;
            pull.wait()?;
            bail!("docker pull {image} took longer than {} s", patience.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Removes the containers that a run of the tests has left behind, and says how many there were.
pub(crate) fn remove_containers_of(sh: &Shell, run: &str) -> Result<usize> {
    let filter = format!("label={CONTAINER_LABEL}={run}");
    let left = cmd!(sh, "docker ps --all --quiet --filter {filter}").quiet().read()?;
    let left: Vec<&str> = left.split_whitespace().collect();
    if !left.is_empty() {
        cmd!(sh, "docker rm --force --volumes").args(&left).ignore_stdout().run()?;
    }
    Ok(left.len())
}
