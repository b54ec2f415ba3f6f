//! A network and images that it is run on as floats: shared by `distort`, `knapsack --refine` and `evaluate --float`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use brelu::report::Bar;
use brelu_data::{Dataset, Preprocess, Target};
use brelu_learn::interpreter::{Device, gpu};
use brelu_networks::graph::Graph;
use brelu_networks::onnx::digest_file;

use brelu_networks::numbers::hex;
use sha2::{Digest, Sha256};

use crate::cmd::calibration::Selection;
use crate::cmd::samples::{DeviceName, SampleArgs};

/// The device of that name.
pub(super) fn device(name: DeviceName) -> Result<Device> {
    match name {
        DeviceName::Cpu => Ok(Device::flex()),
        DeviceName::Cuda => gpu(0).context(
            "this brelu was built without GPUs: build it with `cargo build --release --features cuda`",
        ),
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
