//! Finds the programs that the tests need and, on Debian, installs those that are missing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// Returns the folders of `PATH` and those of the administrators' programs, which are often not in a user's
/// `PATH`.
pub(crate) fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect()
}

/// Returns the path of a program.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let mut candidates = folders().into_iter().map(|folder| folder.join(program));
    candidates.find(|file| file.is_file())
}

/// Returns whether this process may install packages.
pub(crate) fn is_debian_root(sh: &Shell) -> bool {
    find("apt-get").is_some() && cmd!(sh, "id -u").quiet().read().is_ok_and(|user| user == "0")
}

/// Installs a Debian package. This requires root.
pub(crate) fn install(sh: &Shell, package: &str) -> Result<()> {
    if !is_debian_root(sh) {
        bail!("only root on Debian or a derivative of it can install the package {package} here");
    }
    // A new machine may have no package lists, or lists with versions that are no longer available. A system
    // that has just booted may hold the lock for a while.
    let patience = "DPkg::Lock::Timeout=300";
    cmd!(sh, "apt-get -q -o {patience} update").run()?;
    cmd!(sh, "apt-get -q -o {patience} install -y --no-install-recommends {package}")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
    Ok(())
}

/// Returns the folder to put in front of `PATH` so that `prometheus` and `promtool` are found, or `None` if
/// they already are.
///
/// Debian's package is unpacked instead of installed. This does not need root, and starts no daemon on port
/// 9090.
pub(crate) fn prometheus(sh: &Shell, scratch: &Path) -> Result<Option<PathBuf>> {
    if find("prometheus").is_some() && find("promtool").is_some() {
        return Ok(None);
    }
    let folder = scratch.join("prometheus");
    let programs = folder.join("usr/bin");
    let complete = || programs.join("prometheus").is_file() && programs.join("promtool").is_file();
    if !complete() {
        if find("apt-get").is_none() || find("dpkg-deb").is_none() {
            bail!("the commands prometheus and promtool are not installed");
        }
        unpack_debian_package(sh, "prometheus", &folder)?;
        if !complete() {
            bail!("Debian's package prometheus holds no prometheus or no promtool");
        }
    }
    Ok(Some(programs))
}

/// Makes sure that `chromium` and `chromedriver` are available. As root, it installs Debian's packages.
pub(crate) fn browser(sh: &Shell) -> Result<()> {
    for (program, package) in [("chromium", "chromium"), ("chromedriver", "chromium-driver")] {
        if find(program).is_none() {
            install(sh, package)?;
        }
    }
    Ok(())
}

/// Returns `PATH` with this folder in front.
pub(crate) fn path_with(folder: Option<&Path>) -> Result<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = folder.map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders)?.into_string().ok().context("PATH is not UTF-8")
}

fn unpack_debian_package(sh: &Shell, package: &str, folder: &Path) -> Result<()> {
    let downloads = folder.join("download");
    // Files that an interrupted run has left would be unpacked, too.
    sh.remove_path(folder)?;
    sh.create_dir(&downloads)?;
    let in_downloads = sh.push_dir(&downloads);
    // As root, apt would switch to its own user, which can't write here, and would print a warning.
    let user = "APT::Sandbox::User=root";
    if cmd!(sh, "apt-get -q -o {user} download {package}").ignore_stderr().run().is_err() {
        // The system's package lists are missing or outdated. Private lists do not need root.
        for missing in ["state/lists/partial", "cache/archives/partial"] {
            sh.create_dir(missing)?;
        }
        let lists = format!("Dir::State::Lists={}", downloads.join("state/lists").display());
        let cache = format!("Dir::Cache={}", downloads.join("cache").display());
        cmd!(sh, "apt-get -q -o {user} -o {lists} -o {cache} update").run()?;
        cmd!(sh, "apt-get -q -o {user} -o {lists} -o {cache} download {package}").run()?;
    }
    drop(in_downloads);
    let archive = fs::read_dir(&downloads)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|file| file.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {package} left no package behind"))?;
    cmd!(sh, "dpkg-deb --extract {archive} {folder}").run()?;
    sh.remove_path(&downloads)?;
    Ok(())
}
