//! Key files: a private key is a file that only its owner can read, a public key one line of text.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use brelu_core::channel::{BadKey, Identity, PublicKey};
use getrandom::SysRng;
use zeroize::Zeroizing;

/// First word of a private key file.
const MARK: &str = "brelu-private-key-1";

/// Bytes of the largest file that can be a key.
const MOST: u64 = 4096;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system's words.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is there already.
    #[error("{} exists already and is not overwritten: remove it first if that key is not needed any more", .0.display())]
    Exists(PathBuf),
    /// Others can read the private key.
    #[error("{0} can be read by others (mode {mode:03o}), and a private key is for its owner alone: run chmod 600 {0}{1}", path.display(), if *group { ", or give --allow-group-read where a group that may know the key has to read it" } else { "" })]
    Loose {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Whether its group may read it and nobody else may do anything, so that [`Readers::Group`] would do.
        group: bool,
    },
    /// Not a private key.
    #[error("{} is not a private key: give a file that `brelu keygen` wrote", .0.display())]
    NotPrivate(PathBuf),
    /// Not a public key.
    #[error("{place}: {error}")]
    NotPublic {
        /// The file and line, or the text.
        place: String,
        /// What is wrong.
        error: BadKey,
    },
    /// Words behind a name that mean nothing.
    #[error("{place}: {word:?} is not understood; {accepted}")]
    Option {
        /// The file and line.
        place: String,
        /// The word.
        word: String,
        /// What may stand there.
        accepted: &'static str,
    },
    /// A key that is listed with two quotas.
    #[error("{place}: line {earlier} gives this key another quota; leave one of the two")]
    TwoQuotas {
        /// The file and line.
        place: String,
        /// The earlier line.
        earlier: usize,
    },
    /// A private key where a public one belongs.
    #[error("{} is a private key: give the public one, which has the ending .pub, and keep this one to yourself", .0.display())]
    Private(PathBuf),
    /// The system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeyFileError + '_ {
    move |error| KeyFileError::Io { path: path.into(), error }
}

/// Makes a new key pair and writes its private half to `path`, readable by its owner alone.
///
/// # Errors
/// If the file exists, cannot be written, or the system has no randomness.
pub fn create_identity(path: &Path) -> Result<Identity, KeyFileError> {
    let identity = Identity::generate(&mut SysRng).map_err(|_| KeyFileError::NoRandomness)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
        _ => io(path)(error),
    })?;
    let mut text = Zeroizing::new(format!("{MARK} "));
    identity.expose().iter().for_each(|byte| push_hex(&mut text, *byte));
    text.push('\n');
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key is of no use, and would be in the way of another attempt.
        drop(fs::remove_file(path));
        io(path)(error)
    })?;
    Ok(identity)
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

/// Who may be able to read a private key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    #[default]
    Owner,
    /// Its group as well, which may not write it: secrets that are mounted for a process of another user.
    Group,
}

/// Reads a private key of which others than its owner know nothing.
///
/// # Errors
/// If it cannot be read, is no private key, or others can read it.
pub fn read_identity(path: &Path) -> Result<Identity, KeyFileError> {
    read_identity_of(path, Readers::Owner)
}

/// Reads a private key that these may read.
///
/// # Errors
/// If it cannot be read, is no private key, or others can read it.
pub fn read_identity_of(path: &Path, readers: Readers) -> Result<Identity, KeyFileError> {
    let file = File::open(path).map_err(io(path))?;
    #[cfg(unix)]
    {
        let metadata = file.metadata().map_err(io(path))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        let group = mode & 0o037 == 0;
        if mode & 0o077 != 0 && !(group && readers == Readers::Group) {
            return Err(KeyFileError::Loose { path: path.into(), mode, group });
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(MOST as usize));
    file.take(MOST).read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => KeyFileError::NotPrivate(path.into()),
        _ => io(path)(error),
    })?;
    let digits = text.trim_end().strip_prefix(MARK).and_then(|rest| rest.strip_prefix(' '));
    digits.and_then(Identity::from_hex).ok_or_else(|| KeyFileError::NotPrivate(path.into()))
}

/// The line by which others know `key`: in a public key file, and in lists of who may connect.
pub fn public_line(key: &PublicKey, name: &str) -> String {
    format!("{key} {name}\n")
}

/// A line of a public key file or a list: a key and a name. `None` for empty lines and comments.
pub(super) fn parse_line(line: &str) -> Option<Result<(PublicKey, &str), BadKey>> {
    let line = line.split('#').next()?.trim();
    let (key, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (!line.is_empty()).then(|| key.parse().map(|key| (key, name.trim())))
}

/// Reads a public key: 64 hexadecimal digits, or the name of a file that begins with them.
///
/// # Errors
/// If it is neither.
pub fn read_public(text: &str) -> Result<PublicKey, KeyFileError> {
    let path = Path::new(text);
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let mut content = Zeroizing::new(String::new());
    File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut content)).map_err(io(path))?;
    if content.starts_with(MARK) {
        return Err(KeyFileError::Private(path.into()));
    }
    let wrong = |error| KeyFileError::NotPublic { place: text.into(), error };
    content.lines().find_map(parse_line).unwrap_or(Err(BadKey)).map(|(key, _)| key).map_err(wrong)
}
