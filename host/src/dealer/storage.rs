//! Models in a directory, under names that say whose they are: `SERVER-PLAN-SHARES.model`, each half a digest in hex.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::ServerShare;
use super::parts::{ModelId, Parts, Shares, owned_plan};

/// The files of a dealer's models. A file's time of modification is that of its last use.
pub(super) struct Storage {
    folder: PathBuf,
    most: usize,
    share: ServerShare,
    /// How many files were begun; whoever writes one holds it.
    written: Mutex<u64>,
}

/// After so long, a file that is not whole was left by a process that is no more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A file in the folder.
struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl ModelId {
    fn file_name(&self) -> String {
        let hex = |hash: &[u8; 32]| hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{}-{}-{}.model", hex(self.server.bytes()), hex(&self.plan), hex(&self.shares))
    }

    /// What the names of all files of a server begin with.
    fn owner(name: &str) -> &str {
        name.split_once('-').map_or("", |(owner, _)| owner)
    }
}

impl Storage {
    /// Keeps [`ServerShare::ON_DISK`] times as many files as there are models in memory, and of a server as much as its share
    /// says.
    pub(super) fn new(folder: PathBuf, models: usize, share: ServerShare) -> Self {
        Self { folder, most: models.saturating_mul(ServerShare::ON_DISK), share, written: Mutex::new(0) }
    }

    /// A model, if its file is there and whole.
    pub(super) fn read(&self, id: &ModelId) -> Option<Parts> {
        let path = self.folder.join(id.file_name());
        let (plan, shares) = read(&path)?;
        // Where this fails, the file goes earlier than it should.
        drop(
            fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now())),
        );
        Some(Parts { plan: owned_plan(plan, &id.plan).ok()?, shares })
    }

    /// Writes a model, and removes the least recently used ones that are too many; sessions have what they need in memory.
    pub(super) fn write(&self, id: &ModelId, parts: &Parts) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        *written += 1;
        let path = self.folder.join(id.file_name());
        let partial = path.with_extension(format!("{}-{written}.part", std::process::id()));
        let stored = write(&partial, parts)
            .and_then(|bytes| self.make_room(id, bytes))
            .and_then(|()| fs::rename(&partial, path));
        stored.inspect_err(|_| drop(fs::remove_file(&partial)))
    }

    /// Makes room for a file of `bytes` bytes.
    fn make_room(&self, id: &ModelId, bytes: u64) -> io::Result<()> {
        let name = id.file_name();
        let (mut entries, own) = (self.entries()?, ModelId::owner(&name).to_owned());
        entries.retain(|entry| !entry.path.ends_with(&name));
        let is_own = |entry: &Entry| {
            entry
                .path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| ModelId::owner(name) == own)
        };
        let models = self.share.models.saturating_mul(ServerShare::ON_DISK);
        let most = self.share.bytes.saturating_mul(ServerShare::ON_DISK as u64);
        let too_many = |entries: &[Entry]| {
            let own = entries.iter().filter(|entry| is_own(entry));
            let (count, sum) = own.fold((1, bytes), |(count, sum), entry| (count + 1, sum + entry.bytes));
            count > models || sum > most
        };
        while too_many(&entries) && remove_oldest(&mut entries, is_own)? {}
        while entries.len() >= self.most && remove_oldest(&mut entries, |_| true)? {}
        Ok(())
    }

    /// The files there are; those that were never finished are removed.
    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another session may remove it in this moment.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let entry = Entry { path, bytes: metadata.len(), used: metadata.modified()? };
            match entry.path.extension().and_then(|end| end.to_str()) {
                Some("model") => entries.push(entry),
                Some("part") if entry.used.elapsed().is_ok_and(|age| age > ABANDONED) => {
                    fs::remove_file(entry.path)?;
                }
                _ => {}
            }
        }
        Ok(entries)
    }
}

/// Removes the least recently used of the files that `may` go; whether there was one.
fn remove_oldest(entries: &mut Vec<Entry>, may: impl Fn(&Entry) -> bool) -> io::Result<bool> {
    let candidates = entries.iter().enumerate().filter(|(_, entry)| may(entry));
    let Some((index, _)) = candidates.min_by_key(|(_, entry)| entry.used) else { return Ok(false) };
    let entry = entries.swap_remove(index);
    match fs::remove_file(entry.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

/// Layout: length of the plan (u32), number of shares (u32), length of each (u64), then all of them; little endian. Returns
/// its bytes.
fn write(path: &Path, parts: &Parts) -> io::Result<u64> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let plan = parts.plan.get().bytes();
    file.write_all(&(plan.len() as u32).to_le_bytes())?;
    file.write_all(&(parts.shares.len() as u32).to_le_bytes())?;
    for share in &parts.shares {
        file.write_all(&(share.len() as u64).to_le_bytes())?;
    }
    file.write_all(plan)?;
    parts.shares.iter().try_for_each(|share| file.write_all(share))?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn read(path: &Path) -> Option<(Vec<u8>, Shares)> {
    let mut file = File::open(path).ok()?;
    let mut left = file.metadata().ok()?.len();
    let mut take = |len: u64| {
        left = left.checked_sub(len)?;
        let mut bytes = vec![0; len as usize];
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let word = |bytes: Vec<u8>| Some(u32::from_le_bytes(bytes.try_into().ok()?));
    let (plan, count) = (word(take(4)?)?, word(take(4)?)?);
    let lengths = take(u64::from(count) * 8)?;
    let plan = take(plan.into())?;
    let share = |length: &[u8; 8]| take(u64::from_le_bytes(*length)).map(Zeroizing::new);
    let shares = lengths.as_chunks::<8>().0.iter().map(share).collect::<Option<_>>()?;
    (left == 0).then_some((plan, shares))
}

#[cfg(test)]
mod tests;
