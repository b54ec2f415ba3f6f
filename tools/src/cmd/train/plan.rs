//! Images to train and validate on.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use brelu_tools::data::{Dataset, Preprocess};
use brelu_tools::evaluate::Judge;
use brelu_tools::training::{Augmentation, Feed, Options, Samples, Selected, Training};
use clap::Args;

use super::super::arguments::positive;
use super::super::calibration::Selection;
use super::super::labelling::LabelArgs;
use super::super::preprocess::PreprocessArgs;
use super::network::Subject;
use super::settings::Settings;

/// Which images, and how they become input.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Images")]
pub(super) struct DataArgs {
    /// Images to train on, with their classes: a folder of pictures, or a file of CIFAR records
    #[arg(long, value_name = "IMAGES")]
    data: PathBuf,

    /// Images to validate on; the parameters that do best there are kept [default: none, the last parameters are kept]
    #[arg(long, value_name = "IMAGES")]
    validate: Option<PathBuf>,

    /// Most images to train on [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    count: Option<usize>,

    /// Most images to validate on, spread evenly [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    validate_count: Option<usize>,

    /// Outputs before the first class (1 for networks with a background class)
    #[arg(long, value_name = "N", default_value = "0")]
    class_offset: u32,

    /// Threads that read and change images
    #[arg(long, value_name = "N", default_value = "2", value_parser = positive)]
    loaders: usize,

    #[command(flatten)]
    labels: LabelArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

/// Images that are open.
#[derive(Debug)]
pub(super) struct Plan {
    preprocess: Preprocess,
    train: Selected<Dataset>,
    validation: Option<Selected<Dataset>>,
    augmentation: Augmentation,
    batch: usize,
    offset: u32,
    threads: usize,
    description: String,
    /// How the labels of the training images were found.
    pub(super) labels: String,
}

impl Plan {
    pub(super) fn new(data: &DataArgs, subject: &Subject, settings: &Settings) -> Result<Self> {
        let preprocess = data.preprocess.fitting(subject.graph())?;
        let classes = Judge::of_graph(subject.graph(), data.class_offset).classes();
        let mut train = open(&data.data, preprocess, data.count, Some(1))?;
        let said = data.labels.label(&mut train.set, Vec::new(), classes)?;
        let mut validation = data
            .validate
            .as_deref()
            .map(|path| open(path, preprocess, data.validate_count, None))
            .transpose()?;
        if let Some(set) = &mut validation {
            // What is validated on has the classes that are trained on.
            let names = train.set.class_names();
            let known = if names.len() == classes { names.to_vec() } else { Vec::new() };
            data.labels.label(&mut set.set, known, classes)?;
        }
        let lens = [Some(&train), validation.as_ref()].map(|set| set.map(|set| set.indices.len()));
        let mut description =
            format!("{:?} {:?} {lens:?} {preprocess:?} {}", data.data, data.validate, data.class_offset);
        if data.labels.is_given() {
            description += &format!(" {:?}", data.labels);
        }
        Ok(Self {
            preprocess,
            train,
            validation,
            augmentation: settings.augmentation(),
            batch: settings.batch(),
            offset: data.class_offset,
            threads: data.loaders,
            description,
            labels: said,
        })
    }

    /// What tells these images from others.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    pub(super) fn steps_an_epoch(&self) -> u64 {
        (self.train.len() / self.batch).max(1) as u64
    }

    pub(super) fn training<'a>(&'a self, subject: &'a Subject, options: &'a Options) -> Training<'a> {
        let feed = |samples: &'a Selected<Dataset>, augmentation| Feed {
            samples,
            preprocess: self.preprocess,
            output: subject.graph().output_shape(),
            offset: self.offset,
            augmentation,
            seed: options.seed,
        };
        Training {
            network: subject.trainable(),
            blocks: subject.blocks(),
            general: false,
            teacher: subject.teacher(),
            images: feed(&self.train, self.augmentation),
            validation: self.validation.as_ref().map(|set| feed(set, Augmentation::default())),
            options,
            threads: self.threads,
        }
    }
}

fn open(
    path: &Path,
    preprocess: Preprocess,
    count: Option<usize>,
    step: Option<usize>,
) -> Result<Selected<Dataset>> {
    let set = Dataset::open(path, preprocess)?;
    let count = count.unwrap_or(set.len());
    let (indices, _) = Selection { count, skip: 0, step }.indices(set.len());
    ensure!(!indices.is_empty(), "{} has no images", path.display());
    // What cannot be read at all is said before anything else is done.
    set.item(indices[0])?;
    Ok(Selected { set, indices })
}
