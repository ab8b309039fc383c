//! A Unix socket, and its file.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf, absolute};

use tokio::net::{UnixListener, UnixStream};

use super::listener::Listener;

/// A socket that removes its file when it is closed.
#[derive(Debug)]
pub(super) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Distinguishes the file from one that another process has put in its place.
    file: Identity,
}

impl UnixSocket {
    /// Listens on this path. Replaces a socket on which nothing listens, and no other file.
    pub(super) async fn bind(path: &Path) -> io::Result<Self> {
        // The process may change its directory before it removes the file.
        let path = absolute(path)?;
        remove_stale(&path).await?;
        let listener = UnixListener::bind(&path)?;
        let file = identity(&path)?;
        Ok(Self { listener, path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // If the file remains, the next server finds that nothing listens on it, and replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener for UnixSocket {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

/// Device, inode and modification time of a file. The system may reuse an inode after a file is removed.
type Identity = (u64, u64, i64, i64);

fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
}

async fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) if !file.file_type().is_socket() => {
            let reason = "a file with this name exists and is not a socket: remove it, or choose \
                          another path";
            return Err(io::Error::new(ErrorKind::AlreadyExists, reason));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        // Something listens on the socket, or it is busy, or we are not allowed to connect to it.
        _ => {
            let reason = "another process listens on it: stop it, or choose another path";
            Err(io::Error::new(ErrorKind::AddrInUse, reason))
        }
    }
}
