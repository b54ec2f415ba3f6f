//! A network and images that it is run on as floats: shared by `distort`, `knapsack --refine` and `evaluate --float`.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use brelu_tools::data::{Dataset, Preprocess, Target};
use brelu_tools::graph::Graph;
use brelu_tools::interpreter::Device;
use brelu_tools::onnx::digest_file;
use brelu_tools::report::{Bar, hex};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::arguments::{ImportArgs, positive};
use super::calibration::Selection;
use super::preprocess::PreprocessArgs;

/// Which images, and how they become input.
#[derive(Clone, Debug, Args)]
pub(crate) struct SampleArgs {
    /// Most images [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<usize>,

    /// Images left out before the first
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) skip: usize,

    /// Take every N-th image [default: 1]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) step: Option<usize>,

    #[command(flatten)]
    pub(crate) import: ImportArgs,

    #[command(flatten)]
    pub(crate) preprocess: PreprocessArgs,
}

/// Where floats are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceName {
    /// All cores of this machine
    Cpu,
    /// The first NVIDIA GPU (needs a build with --features cuda)
    Cuda,
}

impl DeviceName {
    pub(crate) fn device(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda => anyhow::bail!(
                "this brelu was built without GPUs: build it with `cargo build --release --features cuda`"
            ),
        }
    }
}

/// A network and its images.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) graph: Graph,
    pub(crate) model_sha256: String,
    pub(crate) preprocess: Preprocess,
    /// The input's floats of every image.
    pub(crate) images: Vec<Vec<f32>>,
    pub(crate) targets: Vec<Target>,
    /// How labels were found.
    pub(crate) labels: String,
    /// Names of the classes, if known.
    pub(crate) classes: Vec<String>,
    /// SHA-256 of the pixels of all images in order.
    pub(crate) data_sha256: String,
}

impl SampleArgs {
    /// Reads the network and the images, whatever they show.
    pub(crate) fn read(&self, model: &Path, data: &Path, most: usize) -> Result<Samples> {
        self.read_labelled(model, data, most, |_, _| Ok(String::new()))
    }

    /// As [`Self::read`]; `label` finds what the labels mean to the network, and says how.
    pub(crate) fn read_labelled(
        &self,
        model: &Path,
        data: &Path,
        most: usize,
        label: impl FnOnce(&Graph, &mut Dataset) -> Result<String>,
    ) -> Result<Samples> {
        let graph = self.import.network(model)?;
        let preprocess = self.preprocess.fitting(&graph)?;
        let mut set = Dataset::open(data, preprocess)?;
        let labels = label(&graph, &mut set)?;
        let count = self.count.unwrap_or(most);
        let selection = Selection { count, skip: self.skip, step: Some(self.step.unwrap_or(1)) };
        let (indices, _) = selection.indices(set.len());
        let (len, skip) = (set.len(), self.skip);
        ensure!(
            !indices.is_empty(),
            "{} has {len} images, none is left after skipping {skip}",
            data.display()
        );
        let (mut images, mut targets, mut digest) = (Vec::new(), Vec::new(), Sha256::new());
        let bar = Bar::new(indices.len() as u64, "reading images");
        for index in indices {
            let item = set.item(index)?;
            digest.update(&item.pixels);
            images.push(preprocess.normalise(&item.pixels));
            targets.push(item.target);
            bar.step();
        }
        let model_sha256 = model_digest(model)?;
        let (data_sha256, classes) = (hex(&digest.finalize()), set.class_names().to_vec());
        Ok(Samples { graph, model_sha256, preprocess, images, targets, labels, classes, data_sha256 })
    }
}

/// SHA-256 of the network's file and those beside it; of its name if it is built in.
pub(crate) fn model_digest(model: &Path) -> Result<String> {
    let name = model.to_string_lossy();
    Ok(match name.starts_with("builtin:") {
        true => hex(&Sha256::digest(name.as_bytes())),
        false => hex(&digest_file(model)?),
    })
}

/// A file beside `path` with `ending` behind its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
