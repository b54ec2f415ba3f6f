//! Sockets of one machine: `unix:PATH`.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::{Accept, Carrier, Listener, Pending, Stream};

const PREFIX: &str = "unix:";

/// Unix-domain sockets.
pub(super) struct Unix;

impl Carrier for Unix {
    fn takes(&self, address: &str) -> bool {
        address.starts_with(PREFIX)
    }

    fn check(&self, address: &str) -> Result<(), String> {
        match path(address).as_os_str().is_empty() {
            true => Err("write it as unix:PATH, for example unix:/run/brelu/server.sock".into()),
            false => Ok(()),
        }
    }

    fn connect<'a>(&'a self, address: &'a str) -> Pending<'a, Stream> {
        Box::pin(async move { Ok(halves(UnixStream::connect(path(address)).await?)) })
    }

    fn bind<'a>(&'a self, address: &'a str) -> Pending<'a, Listener> {
        Box::pin(async move {
            let path = path(address);
            let listener = match UnixListener::bind(path) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && is_left(path).await => {
                    std::fs::remove_file(path)?;
                    UnixListener::bind(path)?
                }
                bound => bound?,
            };
            Ok(Listener::new(address.into(), Socket { listener, path: path.into() }))
        })
    }
}

fn path(address: &str) -> &Path {
    Path::new(address.strip_prefix(PREFIX).unwrap_or(address))
}

/// Whether a socket is there that nobody listens on any more.
async fn is_left(path: &Path) -> bool {
    matches!(UnixStream::connect(path).await, Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

/// A socket that goes with its listener.
struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Accept for Socket {
    fn accept(&self) -> Pending<'_, (Stream, String)> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            let from = stream.peer_cred().map_err(Error::other)?.uid();
            Ok((halves(stream), format!("a process of user {from}")))
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Whoever removed it did what this is for.
        drop(std::fs::remove_file(&self.path));
    }
}

fn halves(stream: UnixStream) -> Stream {
    let (reader, writer) = stream.into_split();
    (Box::new(reader), Box::new(writer))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::net::stream::{bind, check_address, open};
    use crate::net::{ListenError, runtime};

    #[test]
    fn a_socket_carries_bytes_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:{}", folder.path().join("party.sock").display());
        assert_eq!(check_address(&address), Ok(()));
        assert!(check_address("unix:").is_err());
        runtime().unwrap().block_on(async {
            let listener = bind(&address).await.unwrap();
            assert_eq!(listener.address(), address);
            assert!(matches!(bind(&address).await, Err(ListenError::InUse(_))));
            // Whoever asks whether somebody listens has opened a connection.
            drop(listener.accept().await.unwrap());
            let (near, far) = tokio::join!(open(&address), listener.accept());
            let ((_, mut writer), ((mut reader, _), from)) = (near.unwrap(), far.unwrap());
            writer.write_all(b"brelu").await.unwrap();
            drop(writer);
            let mut read = Vec::new();
            reader.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, b"brelu");
            assert!(from.starts_with("a process of user "), "{from}");
            drop(listener);
            assert!(open(&address).await.is_err());
            // What a killed process leaves is in nobody's way.
            drop(std::os::unix::net::UnixListener::bind(path(&address)).unwrap());
            bind(&address).await.unwrap();
        });
    }
}
