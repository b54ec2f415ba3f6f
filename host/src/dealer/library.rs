//! The models a dealer was given: in memory, and under their hash in a directory.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brelu_core::bits::{BitReader, bytes};
use brelu_core::plan::{NodeId, Op, Plan};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::DealerModel;
use crate::error::SessionError;
use crate::weights::{PlanHash, plan_hash};

/// Plan and weight component, by their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ModelId {
    pub(super) plan: PlanHash,
    pub(super) shares: [u8; 32],
}

impl ModelId {
    fn file_name(&self) -> String {
        let hex = |hash: &[u8; 32]| hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{}-{}.model", hex(&self.plan), hex(&self.shares))
    }
}

/// A model as it is received and stored: a plan, and packed weight components of its linear terms in order.
pub(super) struct Parts {
    pub(super) plan: Vec<u8>,
    pub(super) shares: Vec<Zeroizing<Vec<u8>>>,
}

#[derive(Default)]
struct Shelves {
    models: HashMap<ModelId, Arc<DealerModel>>,
    plans: HashMap<PlanHash, &'static Plan<'static>>,
}

/// The models of a dealer.
pub(super) struct Library {
    folder: Option<PathBuf>,
    most: usize,
    shelves: Mutex<Shelves>,
    written: AtomicU64,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Library({:?}, {} models at most)", self.folder, self.most)
    }
}

/// The linear terms of a plan in order: node, term, bits of a weight, weights.
pub(super) fn terms(plan: &Plan<'_>) -> Vec<(NodeId, usize, u8, usize)> {
    let of_node = |(id, node): (NodeId, brelu_core::plan::Node<'_>)| match &node.op {
        Op::Linear { terms, fraction } => {
            let k = node.bits + fraction;
            (0..).zip(terms).map(|(index, term)| (id, index, k, term.map.weight_len())).collect()
        }
        _ => Vec::new(),
    };
    plan.nodes().flat_map(of_node).collect()
}

impl Library {
    /// Keeps at most `most` models in memory, and in `folder` if there is one.
    pub(super) fn new(folder: Option<PathBuf>, most: usize) -> Self {
        Self { folder, most, shelves: Mutex::default(), written: AtomicU64::new(0) }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A model that was given before. A file that is not what it should be counts as none: the server sends it again.
    pub(super) fn get(&self, id: &ModelId) -> Option<Arc<DealerModel>> {
        let known = self.shelves().models.get(id).cloned();
        known.or_else(|| {
            let path = self.folder.as_ref()?.join(id.file_name());
            let parts = read(&path)?;
            self.add(id, &parts).ok()
        })
    }

    /// Takes a model in memory and, if there is a folder, on disk.
    pub(super) fn put(&self, id: &ModelId, parts: Parts) -> Result<Arc<DealerModel>, SessionError> {
        let model = self.add(id, &parts)?;
        // A model that cannot be stored is there all the same, until the next restart.
        drop(self.folder.as_ref().map(|folder| self.store(folder, id, &parts)));
        Ok(model)
    }

    fn add(&self, id: &ModelId, parts: &Parts) -> Result<Arc<DealerModel>, SessionError> {
        let mut digest = Sha256::new();
        parts.shares.iter().for_each(|share| digest.update(share));
        if digest.finalize().as_slice() != id.shares {
            return Err(SessionError::ModelHash);
        }
        let plan = self.plan(parts.plan.clone(), id.plan)?;
        let terms = terms(plan);
        let fits = |((_, _, k, count), share): (&(_, _, u8, usize), &Zeroizing<Vec<u8>>)| {
            share.len() as u64 == bytes(u64::from(*k) * *count as u64)
        };
        if terms.len() != parts.shares.len() || !terms.iter().zip(&parts.shares).all(fits) {
            return Err(SessionError::ModelHash);
        }
        let mut weights: HashMap<_, _> = terms
            .iter()
            .zip(&parts.shares)
            .map(|((id, index, k, count), share)| {
                let mut words = vec![0; *count];
                BitReader::at(share, 0).pull(*k, &mut words);
                ((*id, *index), words)
            })
            .collect();
        let take = |id, index| weights.remove(&(id, index)).unwrap_or_default();
        let model = Arc::new(DealerModel::new(plan, take)?);
        let mut shelves = self.shelves();
        if shelves.models.len() >= self.most {
            shelves.models.clear();
        }
        shelves.models.insert(*id, model.clone());
        Ok(model)
    }

    /// Plans stay for as long as the process: there are few, and everything refers to them.
    pub(super) fn plan(
        &self,
        bytes: Vec<u8>,
        hash: PlanHash,
    ) -> Result<&'static Plan<'static>, SessionError> {
        let mut shelves = self.shelves();
        if let Some(plan) = shelves.plans.get(&hash) {
            return Ok(plan);
        }
        let most = self.most * 4;
        if shelves.plans.len() >= most {
            return Err(SessionError::TooManyPlans(most));
        }
        if plan_hash(&Plan::parse(&bytes)?) != hash {
            return Err(SessionError::ModelHash);
        }
        let plan: &'static Plan<'static> = crate::plan_file::keep(bytes)?;
        shelves.plans.insert(hash, plan);
        Ok(plan)
    }

    fn store(&self, folder: &Path, id: &ModelId, parts: &Parts) -> std::io::Result<()> {
        let others = fs::read_dir(folder)?.filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "model"))
        });
        if others.count() >= self.most * 4 {
            return Err(std::io::Error::other("all places for models are taken"));
        }
        let path = folder.join(id.file_name());
        // Several sessions may bring the same model at once.
        let partial = path.with_extension(format!(
            "{}-{}.part",
            std::process::id(),
            self.written.fetch_add(1, Relaxed)
        ));
        let written = write(&partial, parts).and_then(|()| fs::rename(&partial, &path));
        written.inspect_err(|_| drop(fs::remove_file(&partial)))
    }
}

/// Layout: length of the plan (u32), number of shares (u32), length of each (u64), then all of them; little endian.
fn write(path: &Path, parts: &Parts) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&(parts.plan.len() as u32).to_le_bytes())?;
    file.write_all(&(parts.shares.len() as u32).to_le_bytes())?;
    for share in &parts.shares {
        file.write_all(&(share.len() as u64).to_le_bytes())?;
    }
    file.write_all(&parts.plan)?;
    parts.shares.iter().try_for_each(|share| file.write_all(share))?;
    file.sync_all()
}

fn read(path: &Path) -> Option<Parts> {
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
    (left == 0).then_some(Parts { plan, shares })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_models_are_read_as_they_were_and_damage_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        let shares = vec![Zeroizing::new(vec![1, 2, 3]), Zeroizing::new(vec![]), Zeroizing::new(vec![9; 40])];
        write(&path, &Parts { plan: vec![7; 20], shares: shares.clone() }).unwrap();
        let parts = read(&path).unwrap();
        assert_eq!((parts.plan, parts.shares), (vec![7; 20], shares));
        let whole = fs::read(&path).unwrap();
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(read(&path).is_none(), "{len} bytes");
        }
        fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
        assert!(read(&path).is_none());
        fs::write(&path, [0xff; 64]).unwrap();
        assert!(read(&path).is_none());
    }
}
