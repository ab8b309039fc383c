//! The Postgres image for the tests: the official one or, where that can't be had, one of our own that
//! keeps the official one's contract.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::{docker, tools};

/// Names the image that the tests use, here and to the tests.
pub(crate) const VARIABLE: &str = "CARACAL_TEST_POSTGRES_IMAGE";

const OFFICIAL: [&str; 2] = ["postgres:15-alpine", "postgres:15"];
const OURS: &str = "caracal-test-postgres:15";
/// The last Debian release with Postgres 15.
const RELEASE: &str = "bookworm";
/// Holds the Dockerfile and the entrypoint.
const FOLDER: &str = "integration-tests/postgres";
/// Where the image keeps which recipe it was built from.
const RECIPE_LABEL: &str = "caracal-metrics.recipe";

/// Leaves out what a server for tests never reads; just-in-time compilation with its LLVM is the largest.
const SLIM: &str = r#"
cd "$1"
rm -rf var/cache/apt/* var/lib/apt/lists/* var/cache/debconf/*-old var/log/*
rm -rf var/lib/postgresql/* etc/postgresql/*
rm -rf usr/share/doc usr/share/man usr/share/info usr/share/i18n usr/share/lintian
rm -rf usr/share/locale usr/share/postgresql/*/man usr/share/perl usr/share/perl5
rm -rf usr/lib/*-linux-gnu/perl usr/lib/*-linux-gnu/libLLVM* usr/lib/*-linux-gnu/libz3*
rm -rf usr/lib/postgresql/*/lib/bitcode usr/lib/postgresql/*/lib/llvmjit*
"#;

/// The image to test with: the one in the environment, one that is here, one that can be pulled, or one
/// built now.
pub(crate) fn ensure(sh: &Shell, scratch: &Path) -> Result<String> {
    if let Some(chosen) = env::var(VARIABLE).ok().filter(|chosen| !chosen.is_empty()) {
        return Ok(chosen);
    }
    if let Some(local) = OFFICIAL.into_iter().find(|official| docker::has_image(sh, official)) {
        return Ok(local.to_owned());
    }
    let entrypoint = sh.read_file(format!("{FOLDER}/entrypoint.sh"))?;
    let recipe = fingerprint(&sh.read_file(format!("{FOLDER}/Dockerfile"))?, &entrypoint);
    if recipe_of_ours(sh).is_some_and(|built| built == recipe) {
        return Ok(OURS.to_owned());
    }
    let [preferred, _] = OFFICIAL;
    match docker::pull(preferred, Duration::from_mins(1)) {
        Ok(()) => Ok(preferred.to_owned()),
        Err(unavailable) if tools::is_debian_root(sh) => {
            eprintln!("{unavailable}: building {OURS} from Debian's packages instead");
            build(sh, scratch, &recipe)?;
            Ok(OURS.to_owned())
        }
        Err(unavailable) => Err(unavailable.context("only root on Debian can build one")),
    }
}

/// Changes with everything that the image is made from, so that an old image is not taken for a new one.
fn fingerprint(dockerfile: &str, entrypoint: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (RELEASE, SLIM, dockerfile, entrypoint).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn recipe_of_ours(sh: &Shell) -> Option<String> {
    let label = format!("{{{{index .Config.Labels \"{RECIPE_LABEL}\"}}}}");
    cmd!(sh, "docker image inspect --format {label} {OURS}").quiet().ignore_stderr().read().ok()
}

fn build(sh: &Shell, scratch: &Path, recipe: &str) -> Result<()> {
    if tools::find("debootstrap").is_none() {
        tools::install(sh, "debootstrap")?;
    }
    let debootstrap = tools::find("debootstrap").context("debootstrap was not installed")?;
    let mirror = configured_mirror(sh)?;
    let context = scratch.join("postgres-image");
    let root = scratch.join("postgres-rootfs");
    for folder in [&context, &root] {
        sh.remove_path(folder)?;
        sh.create_dir(folder)?;
    }

    let include = "--include=postgresql-15";
    let outcome = cmd!(sh, "{debootstrap} --variant=minbase {include} {RELEASE} {root} {mirror}")
        .ignore_status()
        .output()?;
    if !outcome.status.success() {
        // Hundreds of lines, worth reading only now.
        eprint!("{}", String::from_utf8_lossy(&outcome.stdout));
        eprint!("{}", String::from_utf8_lossy(&outcome.stderr));
        bail!("debootstrap failed");
    }
    cmd!(sh, "sh -euc {SLIM} sh {root}").quiet().run()?;

    // A build, although there is only one layer: `docker import` can't set a stop signal.
    let archive = context.join("rootfs.tar");
    cmd!(sh, "tar --numeric-owner -C {root} -cf {archive} .").run()?;
    for file in ["Dockerfile", "entrypoint.sh"] {
        sh.copy_file(format!("{FOLDER}/{file}"), context.join(file))?;
    }
    // The image that this one replaces would stay on, nameless. That it is in use is no reason to stop.
    cmd!(sh, "docker image rm {OURS}").quiet().ignore_status().output()?;
    let label = format!("{RECIPE_LABEL}={recipe}");
    cmd!(sh, "docker build --quiet --label {label} --tag {OURS} {context}").run()?;
    sh.remove_path(&root)?;
    sh.remove_path(&context)?;
    Ok(())
}

/// The Debian mirror that this machine is configured for.
fn configured_mirror(sh: &Shell) -> Result<String> {
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
    let targets =
        cmd!(sh, "apt-get indextargets --format {format} 'Created-By: Packages'").quiet().read()?;
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let own_release = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let mirror = mirror_among(&targets, own_release.unwrap_or(RELEASE))
        .context("apt is configured for no Debian mirror")?;
    // A source may be a file that lists mirrors.
    match mirror.strip_prefix("mirror+file:") {
        Some(list) => fs::read_to_string(list.trim_end_matches('/'))?
            .split_whitespace()
            .find(|word| word.starts_with("http"))
            .map(str::to_owned)
            .context("apt's list of mirrors is empty"),
        None => Ok(mirror.to_owned()),
    }
}

/// The repository of the release that the image is made from or, failing that, of the machine's own: a
/// mirror serves all releases, but its security and update suites are not complete ones.
fn mirror_among<'a>(targets: &'a str, own_release: &str) -> Option<&'a str> {
    let of = |wanted: &str| {
        targets.lines().find_map(|line| {
            let mut fields = line.split_whitespace();
            let matches = fields.next() == Some(wanted) && fields.next() == Some("main");
            fields.next().filter(|_| matches)
        })
    };
    of(RELEASE).or_else(|| of(own_release))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: &str = "\
        bookworm-security main http://mirror.test/debian-security/\n\
        nodistro main http://elsewhere.test/node/\n\
        bookworm contrib http://mirror.test/contrib/\n\
        bookworm main http://mirror.test/debian/\n";

    #[test]
    fn the_mirror_is_the_release_s_own_repository() {
        assert_eq!(mirror_among(TARGETS, "bookworm"), Some("http://mirror.test/debian/"));
    }

    #[test]
    fn a_newer_machine_s_mirror_serves_too() {
        let targets = TARGETS.replace("bookworm", "trixie");
        assert_eq!(mirror_among(&targets, "trixie"), Some("http://mirror.test/debian/"));
        assert_eq!(mirror_among(&targets, "noble"), None);
    }

    #[test]
    fn another_recipe_is_another_image() {
        let image = fingerprint("FROM scratch", "exec postgres");
        assert_eq!(image, fingerprint("FROM scratch", "exec postgres"));
        assert_ne!(image, fingerprint("FROM scratch", "exec postgres -N 5"));
        assert_ne!(image, fingerprint("FROM debian", "exec postgres"));
    }
}
