use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu::report::print;
use brelu_host::keys::{create_identity, public_line};
use clap::Args;

use super::files::{Access, write_all};

/// Make a key pair for a client, a server or a dealer
#[derive(Debug, Args)]
#[command(after_help = "\
Writes NAME.key, the private key, which only you can read and which never leaves this machine, and NAME.pub, the public \
key, which you give to those you work with. Prints the public key.

A server lists its clients, a dealer its servers: one line of a .pub file each. Clients pin the server's and the dealer's \
public keys, servers the dealer's.

Examples:
  brelu keygen server
  brelu keygen keys/client && cat keys/client.pub >> clients.txt")]
pub(crate) struct Keygen {
    /// Where to write: NAME.key and NAME.pub
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

impl Keygen {
    pub(crate) fn run(self) -> Result<()> {
        let (private, public) = (with_ending(&self.name, "key"), with_ending(&self.name, "pub"));
        ensure!(
            !public.exists(),
            "{} exists already and is not overwritten: remove it first, or give another name",
            public.display()
        );
        let identity = create_identity(&private)?;
        let name = self.name.file_name().unwrap_or_default().to_string_lossy();
        let line = public_line(identity.public(), &name);
        let written = write_all(&[(public, Access::Public, line.as_bytes())]);
        if written.is_err() {
            // A private key whose public half is nowhere would only be in the way.
            drop(std::fs::remove_file(&private));
        }
        written.context("no key pair was made")?;
        Ok(print(line)?)
    }
}

/// `path.ending`, whatever dots `path` has already.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
