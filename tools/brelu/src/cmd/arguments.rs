//! Options that several commands share.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use brelu::report::note;
use brelu_core::geometry::Shape;
use brelu_core::plan::Interpolation;
use brelu_host::net::{Patience, check_address};
use brelu_networks::graph::{Graph, simplify};
use brelu_networks::onnx::{self, ImportOptions};
use brelu_networks::zoo;
use clap::builder::RangedI64ValueParser;
use clap::{Args, ValueEnum};

/// How an ONNX file is read.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArgs {
    /// Value of the network to take as its output [default: the file's first output]
    #[arg(long, value_name = "NODE")]
    pub(crate) output: Option<String>,

    /// Shape of the input, where the file leaves it open: channels x height x width, for example 3x224x224
    #[arg(long, value_name = "CxHxW", value_parser = shape)]
    pub(crate) input: Option<Shape>,

    /// How a map of scores is interpolated to the input's size [default: as the file's last resize, half-pixel if it has none]
    #[arg(long, value_name = "RULE")]
    pub(crate) interpolate: Option<InterpolationName>,
}

/// Where the pixels of a map lie among those of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InterpolationName {
    /// Pixels are areas; the map's edges are the input's
    HalfPixel,
    /// The centres of the outermost pixels are those of the input
    AlignCorners,
    /// The upper left corners are the same, as in files of operator sets before 11
    Asymmetric,
}

impl From<InterpolationName> for Interpolation {
    fn from(name: InterpolationName) -> Self {
        match name {
            InterpolationName::HalfPixel => Self::HalfPixel,
            InterpolationName::AlignCorners => Self::AlignCorners,
            InterpolationName::Asymmetric => Self::Asymmetric,
        }
    }
}

impl ImportArgs {
    /// Reads a network and simplifies it; notes are for the user.
    pub(crate) fn import(&self, model: &Path) -> Result<(Graph, Vec<String>)> {
        let (graph, notes) = self.import_as_is(model)?;
        Ok((simplify(graph).with_context(|| model.display().to_string())?, notes))
    }

    /// As [`ImportArgs::import`]; prints what is left out of a file.
    pub(crate) fn network(&self, model: &Path) -> Result<Graph> {
        let graph = self.network_as_is(model)?;
        simplify(graph).with_context(|| model.display().to_string())
    }

    /// As [`ImportArgs::import_as_is`]; prints what is left out of a file.
    pub(crate) fn network_as_is(&self, model: &Path) -> Result<Graph> {
        let (graph, notes) = self.import_as_is(model)?;
        if builtin(model).is_none() {
            notes.iter().for_each(|text| note(format_args!("note: {text}")));
        }
        Ok(graph)
    }

    /// Reads a network with the operations of its file; notes are for the user.
    ///
    /// `builtin:NAME` is a network of [`zoo`] with generated weights.
    pub(crate) fn import_as_is(&self, model: &Path) -> Result<(Graph, Vec<String>)> {
        if let Some(name) = builtin(model) {
            let mut graph = zoo::build(name)?;
            graph.interpolation = self.interpolate.map_or(graph.interpolation, Into::into);
            return Ok((
                graph,
                vec!["its weights are generated: shapes and costs are real, results mean nothing".into()],
            ));
        }
        let options = ImportOptions { output: self.output.clone(), input: self.input };
        let imported = onnx::import_file(model, &options).with_context(|| model.display().to_string())?;
        let mut graph = imported.graph;
        graph.interpolation = self.interpolate.map_or(graph.interpolation, Into::into);
        Ok((graph, imported.notes))
    }
}

/// The name of a built-in network.
fn builtin(model: &Path) -> Option<&str> {
    model.to_str()?.strip_prefix("builtin:")
}

/// How long a client waits.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PatienceArgs {
    /// Seconds to wait for the server if it does not listen yet
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) wait: Duration,

    /// Seconds to wait for a connected server that says nothing
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

impl PatienceArgs {
    pub(crate) const fn patience(&self) -> Patience {
        Patience { connect: self.wait, answer: self.timeout }
    }
}

/// A positive number of seconds, at most a year.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match (0.001..=3.2e7).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err("not between 0.001 and 32,000,000 seconds".into()),
    }
}

/// A width within the limits of a format.
pub(crate) fn bits(limits: RangeInclusive<u8>) -> RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(i64::from(*limits.start())..=i64::from(*limits.end()))
}

/// Where a party listens.
pub(crate) fn address(text: &str) -> Result<String, String> {
    check_address(text).map(|()| text.to_owned())
}

pub(crate) fn shape(text: &str) -> Result<Shape, String> {
    let sizes: Option<Vec<u32>> = text.split('x').map(|size| size.parse().ok()).collect();
    match sizes.as_deref() {
        Some(&[channels, height, width]) => Ok(Shape::new(channels, height, width)),
        _ => Err("write it as CHANNELSxHEIGHTxWIDTH, for example 3x224x224".into()),
    }
}

/// `channels x height x width` for people.
pub(crate) fn shape_text(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

/// A range check for clap.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("not a whole number of at least 1".into()),
        Ok(number) => Ok(number),
    }
}

/// A number of bytes, with K, M or G for 2^10, 2^20 or 2^30 of them.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) if text.ends_with('K') => (digits, 10),
        Some(digits) if text.ends_with('M') => (digits, 20),
        Some(digits) => (digits, 30),
        None => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "write it as 4096, 64K, 512M or 4G".to_owned())?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0).ok_or_else(|| "not a possible size".to_owned())
}
