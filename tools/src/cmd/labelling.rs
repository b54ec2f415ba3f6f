//! Which classes of a network the labels of images mean: options, and names in files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu_core::plan::Plan;
use brelu_tools::data::{Classes, Dataset, LabelsBy, names_in};
use clap::{Args, ValueEnum};

/// What is said of labels wherever images are judged by them.
pub(crate) const HELP: &str = "\
Labels of a folder of pictures: its sub-folders, one a class; or labels.csv in it, a line `picture,class` each (a header, \
quotes and a byte order mark are understood); or labels.json, {\"a.png\": \"tench\", ...} or [{\"path\": \"a.png\", \"label\": 3}, \
...]. A class is a number, counted from 0, or a name, which is looked up among the names of the network's classes: those of \
--labels, of the plan, or of labels.txt beside the pictures. Case, spaces, `_` and `-` make no difference; `tench, Tinca \
tinca` is found as either, a line `n01440764 tench` also as n01440764. Where no names are known, sub-folders are numbered in \
alphabetical order if there is one for every class. Numbers that file names begin with (042_tench.jpg) are classes if the \
names say so too. Names that are no class of the network, numbers beyond its classes and more sub-folders than classes are \
refused.";

/// How labels are found.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LabelArgs {
    /// Names of the network's classes, one a line [default: those of the plan, else labels.txt beside the pictures]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Find classes only by name, or only by number: sub-folders in alphabetical order, numbers that file names begin with
    #[arg(long, value_name = "WHICH")]
    labels_by: Option<By>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Name,
    Number,
}

impl LabelArgs {
    /// Whether any of the options was given.
    pub(crate) const fn is_given(&self) -> bool {
        self.labels.is_some() || self.labels_by.is_some()
    }

    /// The names of the network's classes: those of --labels, else `known`.
    pub(crate) fn names(&self, known: Vec<String>, classes: usize) -> Result<Vec<String>> {
        self.labels.as_deref().map_or(Ok(known), |path| read_names(path, classes))
    }

    /// Finds what the labels of `data` mean to a network with so many classes, as far as known with these names; says how.
    pub(crate) fn label(&self, data: &mut Dataset, known: Vec<String>, classes: usize) -> Result<String> {
        let by = match self.labels_by {
            None => LabelsBy::Either,
            Some(By::Name) => LabelsBy::Name,
            Some(By::Number) => LabelsBy::Number,
        };
        let names = self.names(known, classes)?;
        Ok(data.label(&Classes { names: &names, count: classes, by })?)
    }
}

/// The names of a network's classes in a file, one for each.
pub(crate) fn read_names(path: &Path, classes: usize) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let names = names_in(&text);
    ensure!(
        names.len() == classes,
        "{} has {} names, but the network has {classes} classes: give a name a line, or another --class-offset",
        path.display(),
        names.len()
    );
    Ok(names)
}

/// The names in a plan; none if it has none.
pub(crate) fn plan_names(plan: &Plan<'_>) -> Vec<String> {
    plan.header().labels.lines().map(str::to_owned).collect()
}
