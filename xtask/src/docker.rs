//! The Docker engine in which the integration tests start their databases.

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

/// The label of every container that the tests start. Its value is the name of the run.
const CONTAINER_LABEL: &str = "caracal-metrics-test";

/// Makes sure that a Docker engine responds. As root, it starts one if necessary. On Debian, it also installs
/// it.
pub(crate) fn ensure_engine(sh: &Shell, scratch: &Path) -> Result<()> {
    let Err(silence) = engine_version(sh) else {
        return Ok(());
    };
    if let Some(host) = env::var_os("DOCKER_HOST") {
        // If this is set, the user wants that engine and no other.
        bail!("no engine answers at DOCKER_HOST={}: {silence:#}", host.display());
    }
    if !tools::is_debian_root(sh) {
        return Err(silence);
    }
    if tools::find("docker").is_none() || tools::find("dockerd").is_none() {
        tools::install(sh, "docker.io")?;
    }
    if tools::find("docker").is_none() {
        // Since Debian 13, docker.io contains only the engine.
        tools::install(sh, "docker-cli")?;
    }
    start_engine(sh, scratch)
}

/// Returns the version of the engine, or the reason why there is none.
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
    // On a machine without a service manager, such as a container, the command or the service may be missing,
    // or the command may fail.
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
    // The engine keeps running, like a service, so the next run finds it. It has its own process group, so
    // that interrupting this run does not interrupt the engine. It needs iptables, which is among the
    // administrators' programs.
    Command::new(dockerd)
        .env("PATH", env::join_paths(tools::folders())?)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("dockerd can't be started")?;
    if !answers_within(sh, Duration::from_mins(1)) {
        let log = fs::read_to_string(&log_path).unwrap_or_default();
        let last_line = log.lines().next_back().unwrap_or("nothing in its log");
        bail!("dockerd was started and does not answer ({last_line})");
    }
    Ok(())
}

/// Waits until the engine responds.
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

/// Returns whether the engine has this image.
pub(crate) fn has_image(sh: &Shell, image: &str) -> bool {
    cmd!(sh, "docker image inspect {image}").quiet().ignore_stderr().read().is_ok()
}

/// Pulls an image. Gives up after `patience`, because some resolvers and firewalls let a connection hang
/// instead of refusing it.
pub(crate) fn pull(sh: &Shell, image: &str, patience: Duration) -> Result<()> {
    let seconds = patience.as_secs().to_string();
    cmd!(sh, "timeout {seconds} docker pull --quiet {image}")
        .run()
        .with_context(|| format!("{image} was not pulled within {seconds} s"))
}

/// Removes the containers that a run of the tests has left behind, and prints their number.
pub(crate) fn remove_containers_of(sh: &Shell, run: &str) -> Result<usize> {
    let filter = format!("label={CONTAINER_LABEL}={run}");
    let left = cmd!(sh, "docker ps --all --quiet --filter {filter}").quiet().read()?;
    let left: Vec<&str> = left.split_whitespace().collect();
    if !left.is_empty() {
        cmd!(sh, "docker rm --force --volumes").args(&left).ignore_stdout().run()?;
    }
    Ok(left.len())
}
