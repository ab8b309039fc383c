//! The images of the databases for the tests. If an official image is not available, an image with the same
//! interface is built from Debian's packages.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{docker, tools};

/// The Debian release from which images are built. It is the last one with Postgres 15.
const RELEASE: &str = "bookworm";
/// The label of an image that contains the hash of its sources.
const RECIPE_LABEL: &str = "caracal-metrics.recipe";

/// How long to wait for a registry that does not respond.
const PULL_PATIENCE: Duration = Duration::from_mins(1);

/// The image of one database.
struct DatabaseImage {
    /// The name of the database.
    name: &'static str,
    /// The environment variable with the name of the image. Users may set it for this program, and this
    /// program sets it for the tests.
    variable: &'static str,
    /// The official images that are suitable. The first one is pulled.
    official: &'static [&'static str],
    /// The name of the image that is built by this program.
    ours: &'static str,
    /// The folder with the Dockerfile and the entrypoint.
    folder: &'static str,
    /// The Debian packages, separated by commas.
    packages: &'static str,
}

const DATABASES: [&DatabaseImage; 2] = [
    &DatabaseImage {
        name: "Postgres",
        variable: "CARACAL_TEST_POSTGRES_IMAGE",
        official: &["postgres:15-alpine", "postgres:15"],
        ours: "caracal-test-postgres:15",
        folder: "integration-tests/postgres",
        packages: "postgresql-15",
    },
    &DatabaseImage {
        name: "MariaDB",
        variable: "CARACAL_TEST_MARIADB_IMAGE",
        official: &["mariadb:10.11"],
        ours: "caracal-test-mariadb:10.11",
        folder: "integration-tests/mariadb",
        packages: "mariadb-server-core,mariadb-client-core",
    },
];

/// Removes files that a server for tests never reads. The largest part is Postgres's just-in-time compiler
/// with LLVM.
const SLIM: &str = r#"
cd "$1"
rm -rf var/cache/apt/* var/lib/apt/lists/* var/cache/debconf/*-old var/log/*
rm -rf var/lib/postgresql/* etc/postgresql/*
rm -rf usr/share/doc usr/share/man usr/share/info usr/share/i18n usr/share/lintian
rm -rf usr/share/locale usr/share/postgresql/*/man usr/share/perl usr/share/perl5
rm -rf usr/lib/*-linux-gnu/perl usr/lib/*-linux-gnu/libLLVM* usr/lib/*-linux-gnu/libz3*
rm -rf usr/lib/postgresql/*/lib/bitcode usr/lib/postgresql/*/lib/llvmjit*
"#;

/// Gets an image for each database: the one in the environment, one that the engine has, one that can be
/// pulled, or one that is built now. Returns the environment variables for the tests.
pub(crate) fn images(sh: &Shell, scratch: &Path) -> Result<Vec<(&'static str, String)>> {
    let recipe = recipe(sh)?;
    let (mut images, mut missing) = (Vec::new(), Vec::new());
    for database in DATABASES {
        match database.find(sh, &recipe) {
            Some(image) => images.push((database.variable, image)),
            None => missing.push(database),
        }
    }
    while let Some(database) = missing.first() {
        let image = database.official[0];
        if let Err(unavailable) = docker::pull(sh, image, PULL_PATIENCE) {
            ensure!(
                tools::is_debian_root(sh),
                "Docker has no image of {}, and only root on Debian can build one: make {image} available to \
                 Docker ({unavailable:#})",
                database.name
            );
            eprintln!("{unavailable:#}: building images from Debian's packages instead");
            // This does not wait for the next image.
            build(sh, scratch, &missing, &recipe)?;
            images.extend(missing.iter().map(|built| (built.variable, built.ours.to_owned())));
            break;
        }
        images.push((database.variable, image.to_owned()));
        missing.remove(0);
    }
    Ok(images)
}

impl DatabaseImage {
    /// Returns the image in the environment, or one that the engine has.
    fn find(&self, sh: &Shell, recipe: &str) -> Option<String> {
        if let Some(chosen) = env::var(self.variable).ok().filter(|chosen| !chosen.is_empty()) {
            return Some(chosen);
        }
        if let Some(local) = self.official.iter().find(|image| docker::has_image(sh, image)) {
            return Some((*local).to_owned());
        }
        let label = format!("{{{{index .Config.Labels \"{RECIPE_LABEL}\"}}}}");
        let ours = self.ours;
        let inspect = cmd!(sh, "docker image inspect --format {label} {ours}");
        let built = inspect.quiet().ignore_stderr().read().ok()?;
        (built == recipe).then(|| ours.to_owned())
    }
}

/// Builds images that share one root file system with the packages of all databases, because the base system
/// takes most of the time.
fn build(sh: &Shell, scratch: &Path, databases: &[&DatabaseImage], recipe: &str) -> Result<()> {
    if tools::find("debootstrap").is_none() {
        tools::install(sh, "debootstrap")?;
    }
    let debootstrap = tools::find("debootstrap").context("debootstrap was not installed")?;
    let mirror = configured_mirror(sh)?;
    let context = scratch.join("database-image");
    let root = scratch.join("database-rootfs");
    for folder in [&context, &root] {
        sh.remove_path(folder)?;
        sh.create_dir(folder)?;
    }

    let include = format!("--include={}", DATABASES.map(|database| database.packages).join(","));
    let outcome = cmd!(sh, "{debootstrap} --variant=minbase {include} {RELEASE} {root} {mirror}")
        .ignore_status()
        .output()?;
    if !outcome.status.success() {
        // The log has hundreds of lines. It is only shown if the step fails.
        eprint!("{}", String::from_utf8_lossy(&outcome.stdout));
        eprint!("{}", String::from_utf8_lossy(&outcome.stderr));
        bail!("debootstrap failed");
    }
    cmd!(sh, "sh -euc {SLIM} sh {root}").quiet().run()?;

    let archive = context.join("rootfs.tar");
    cmd!(sh, "tar --numeric-owner -C {root} -cf {archive} .").run()?;
    for DatabaseImage { ours, folder, .. } in databases {
        for file in ["Dockerfile", "entrypoint.sh"] {
            sh.copy_file(format!("{folder}/{file}"), context.join(file))?;
        }
        // The replaced image would remain without a name. Removing it may fail if it is in use. This is not
        // an error.
        cmd!(sh, "docker image rm {ours}").quiet().ignore_status().output()?;
        let label = format!("{RECIPE_LABEL}={recipe}");
        // This uses `docker build` although there is only one layer, because `docker import` can't set a stop
        // signal.
        cmd!(sh, "docker build --quiet --label {label} --tag {ours} {context}").run()?;
    }
    sh.remove_path(&root)?;
    sh.remove_path(&context)?;
    Ok(())
}

/// Returns a hash of the sources of the images, so that an outdated image is not used.
fn recipe(sh: &Shell) -> Result<String> {
    let mut parts = vec![RELEASE.to_owned(), SLIM.to_owned()];
    for DatabaseImage { folder, packages, .. } in DATABASES {
        parts.push((*packages).to_owned());
        for file in ["Dockerfile", "entrypoint.sh"] {
            parts.push(sh.read_file(format!("{folder}/{file}"))?);
        }
    }
    Ok(fingerprint(&parts))
}

fn fingerprint(parts: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Returns the Debian mirror for which this machine is configured.
fn configured_mirror(sh: &Shell) -> Result<String> {
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
    let targets =
        cmd!(sh, "apt-get indextargets --format {format} 'Created-By: Packages'").quiet().read()?;
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let own_release = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let mirror = mirror_among(&targets, own_release.unwrap_or(RELEASE))
        .context("apt is configured for no Debian mirror")?;
    // A source may be a file with a list of mirrors.
    match mirror.strip_prefix("mirror+file:") {
        Some(list) => fs::read_to_string(list.trim_end_matches('/'))?
            .split_whitespace()
            .find(|word| word.starts_with("http"))
            .map(str::to_owned)
            .context("apt's list of mirrors is empty"),
        None => Ok(mirror.to_owned()),
    }
}

/// Returns the repository of the release from which the image is built or, if there is none, of the machine's
/// own release. A mirror has all releases, but its security and update suites are not complete.
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
        let of = |parts: [&str; 2]| fingerprint(&parts.map(str::to_owned));
        let image = of(["postgresql-15", "exec postgres"]);
        assert_eq!(image, of(["postgresql-15", "exec postgres"]));
        assert_ne!(image, of(["postgresql-15", "exec postgres -N 5"]));
        assert_ne!(image, of(["postgresql-16", "exec postgres"]));
    }
}
