//! Plans and weights on disk.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu_core::plan::Plan;
use brelu_host::plan_file;
use brelu_host::weights::{Weights, plan_hash};
use brelu_tools::report::hex;
use clap::Args;
use tempfile::NamedTempFile;

/// Reads and checks a plan, for good.
pub(crate) fn read_plan(path: &Path) -> Result<&'static Plan<'static>> {
    plan_file::keep(read(path)?).with_context(|| path.display().to_string())
}

/// Reads and checks the weights of a plan.
pub(crate) fn read_weights(plan: &Plan<'_>, path: &Path) -> Result<Weights> {
    Weights::read(plan, path).with_context(|| path.display().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// SHA-256 of a plan file in hexadecimal digits.
pub(crate) fn plan_digest(plan: &Plan<'_>) -> String {
    hex(&plan_hash(plan))
}

/// Finds out before long work whether its result has a place: `path` is no folder, and the one it is to be in is there.
pub(crate) fn check_place(path: &Path) -> Result<()> {
    let folder = folder(path);
    ensure!(folder.is_dir(), "{} is no folder: make it, or give another --out", folder.display());
    let named = path.file_name().is_some() && !path.is_dir();
    ensure!(
        named,
        "{} is a folder: give a file to --out, for example {}",
        path.display(),
        path.join("result").display()
    );
    Ok(())
}

/// Whether results may take the place of files that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct ForceArgs {
    /// Write over results that are there already
    #[arg(long)]
    pub(crate) force: bool,
}

impl ForceArgs {
    /// Refuses results that are there already, before long work is done for them.
    pub(crate) fn check<P: AsRef<Path>>(self, results: &[P]) -> Result<()> {
        let there = results.iter().map(AsRef::as_ref).find(|path| !self.force && path.exists());
        match there {
            None => Ok(()),
            Some(path) => anyhow::bail!(
                "{} is there already: give --force to write over it, or another name",
                path.display()
            ),
        }
    }
}

/// Refuses to write a result over the file it is made from.
pub(crate) fn check_distinct(result: &Path, input: &Path) -> Result<()> {
    let same =
        matches!((result.canonicalize(), input.canonicalize()), (Ok(result), Ok(input)) if result == input);
    ensure!(!same, "{} would be written over with the result: give another --out", input.display());
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody the user's mask allows.
    Public,
    /// Only the user.
    Private,
}

/// Writes files that appear together under their names, complete, or not at all.
pub(crate) fn write_all(files: &[(PathBuf, Access, &[u8])]) -> Result<()> {
    let written: Vec<(NamedTempFile, &PathBuf)> = files
        .iter()
        .map(|(path, access, content)| Ok((write_beside(path, *access, content)?, path)))
        .collect::<Result<_>>()?;
    for (file, path) in written {
        file.persist(path).map_err(|error| error.error).with_context(|| cannot_write(path))?;
    }
    Ok(())
}

fn write_beside(path: &Path, access: Access, content: &[u8]) -> Result<NamedTempFile> {
    let folder = folder(path);
    let write = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".brelu-");
        #[cfg(unix)]
        if access == Access::Public {
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        Ok::<_, std::io::Error>(file)
    };
    write().with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
