//! The network that is trained, with its blocks, conversions and teacher.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brelu_tools::blocks::Spec;
use brelu_tools::graph::Graph;
use brelu_tools::interpreter::{Blocks, Trainable};
use brelu_tools::report::hex;
use brelu_tools::training::{Recipe, Teacher, initialise};
use clap::Args;
use sha2::{Digest, Sha256};

use super::super::arguments::ImportArgs;
use super::super::conversion::ConversionArgs;
use super::super::samples::{DeviceName, model_digest};

/// What is changed of the network before it is trained.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Block sizes, as `brelu knapsack` writes them
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,

    #[command(flatten)]
    conversion: ConversionArgs,

    /// Train from scratch: random parameters in the place of those of the file
    #[arg(long)]
    init: bool,

    /// Where to compute
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceName,

    #[command(flatten)]
    import: ImportArgs,
}

/// A network ready to be trained.
#[derive(Debug)]
pub(super) struct Subject {
    graph: Graph,
    spec: Option<Spec>,
    blocks: Blocks,
    trainable: Trainable,
    teacher: Option<Teacher>,
    digest: String,
    /// What was done to the network, for the user.
    pub(super) changes: Vec<String>,
}

impl NetworkArgs {
    /// Whether this machine's processor computes.
    pub(super) fn on_cpu(&self) -> bool {
        self.device == DeviceName::Cpu
    }

    /// The path of the block sizes.
    pub(super) fn spec(&self) -> Option<&Path> {
        self.spec.as_deref()
    }

    /// Reads the network and makes the changes that are asked for or that `recipe` has. The teacher, if there is to be
    /// one, is the network as it was.
    pub(super) fn read(&self, model: &Path, recipe: &Recipe, seed: u64, taught: bool) -> Result<Subject> {
        let original = self.import.network_as_is(model)?;
        let device = self.device.device()?;
        let conversion = ConversionArgs {
            average_pool: self.conversion.average_pool || recipe.average_pool,
            relu: self.conversion.relu || recipe.relu,
        };
        let (mut graph, mut changes) = conversion.convert(original.clone())?;
        if self.init {
            initialise(&mut graph, seed);
            changes.push(format!("random parameters of seed {seed}"));
        }
        let spec = self.spec().map(Spec::read).transpose()?;
        if let (Some(spec), Some(path)) = (&spec, self.spec()) {
            spec.check_for(&graph).with_context(|| path.display().to_string())?;
        }
        let blocks = spec.as_ref().map_or_else(Blocks::default, |spec| Blocks::new(&graph, spec));
        let trainable = Trainable::new(&graph, &device)?;
        let teacher = taught.then(|| Teacher::new(&original, &device)).transpose()?;
        let digest = self.digest(model)?;
        Ok(Subject { graph, spec, blocks, trainable, teacher, digest, changes })
    }

    /// What tells this network and its changes from others.
    fn digest(&self, model: &Path) -> Result<String> {
        let spec = match self.spec() {
            Some(path) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => Vec::new(),
        };
        let sizes = hex(&Sha256::digest(spec));
        let ConversionArgs { average_pool, relu } = self.conversion;
        Ok(format!("{} {sizes} {} {average_pool} {relu}", model_digest(model)?, self.init))
    }
}

impl Subject {
    /// The network that training begins with.
    pub(super) const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Its block sizes.
    pub(super) const fn spec(&self) -> Option<&Spec> {
        self.spec.as_ref()
    }

    pub(super) const fn trainable(&self) -> &Trainable {
        &self.trainable
    }

    pub(super) const fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    pub(super) const fn teacher(&self) -> Option<&Teacher> {
        self.teacher.as_ref()
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }
}
