use std::path::PathBuf;

use anyhow::Result;
use brelu_core::geometry::Shape;
use brelu_tools::onnx::export_file;
use brelu_tools::report::{Lines, Table, count, print};
use brelu_tools::zoo::{ARCHITECTURES, Counts, Options, network};
use clap::Args;

use super::arguments::{shape, shape_text};
use super::conversion::ConversionArgs;
use super::files::ForceArgs;

/// Write a published network as an ONNX file, with generated or published weights
#[derive(Debug, Args)]
#[command(after_help = "\
Weights are read from safetensors files and PyTorch checkpoints, with the names of OpenMMLab or, for ResNets and \
MobileNetV2, of torchvision, as they are or within what a trainer wrapped the network in. Reading runs nothing that a file says.

Networks of maps end with the scores at an eighth of the input's rows and columns: the client interpolates them and takes \
the largest score of every pixel.

Examples:
  brelu new --list
  brelu new resnet8 -o resnet8.onnx --seed 7
  brelu new resnet50 --weights resnet50.pth -o resnet50.onnx
  brelu new deeplabv3-mobilenetv2 --weights deeplabv3_m-v2-d8.pth --relu -o ade20k.onnx
  brelu new mobilenetv2 --width 0.35 --classes 10 --input 3x96x96 -o small.onnx")]
pub(crate) struct New {
    /// The network: a name that --list prints
    #[arg(required_unless_present = "list")]
    name: Option<String>,

    /// Print what networks there are
    #[arg(long, exclusive = true)]
    list: bool,

    /// Where to write the network: an ONNX file
    #[arg(short = 'o', long = "out", value_name = "FILE", required_unless_present = "list")]
    out: Option<PathBuf>,

    #[command(flatten)]
    force: ForceArgs,

    /// Published weights: a safetensors file or a PyTorch checkpoint [default: generated ones]
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    weights: Option<PathBuf>,

    /// Seed of the generated weights
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    #[command(flatten)]
    sizes: SizeArgs,

    #[command(flatten)]
    conversion: ConversionArgs,
}

/// Sizes other than the published ones.
#[derive(Clone, Debug, Args)]
pub(crate) struct SizeArgs {
    /// Classes [default: as published]
    #[arg(long, value_name = "N")]
    classes: Option<u32>,

    /// Shape of the input: channels x height x width [default: as published]
    #[arg(long, value_name = "CxHxW", value_parser = shape)]
    input: Option<Shape>,

    /// Factor on the channels, 0.01 to 4; they become multiples of 8
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    width: f64,
}

impl SizeArgs {
    pub(crate) const fn options(&self, seed: Option<u64>) -> Options {
        Options { seed, classes: self.classes, input: self.input, width: self.width }
    }
}

impl New {
    pub(crate) fn run(self) -> Result<()> {
        let (Some(name), Some(out)) = (&self.name, &self.out) else { return list() };
        self.force.check(&[out])?;
        let seed = self.weights.is_none().then_some(self.seed);
        let mut network = network(name, &self.sizes.options(seed))?;
        let notes = match &self.weights {
            Some(path) => network.load(path)?,
            None => vec!["its weights are generated: train it, or give --weights".into()],
        };
        let (graph, changes) = self.conversion.convert(network.graph)?;
        export_file(&graph, out)?;
        let counts = Counts::of(&graph);
        let mut text = Lines::new(11);
        text.pair("network", &graph.name);
        text.pair("input", shape_text(graph.input_shape()));
        text.pair("output", shape_text(graph.output_shape()));
        text.pair("parameters", count(counts.parameters));
        let (layers, channels) = (count(counts.layers as u64), count(counts.channels));
        text.pair("ReLUs", format_args!("{} in {layers} layers of {channels} channels", count(counts.relus)));
        changes.iter().for_each(|change| text.pair("changed", change));
        notes.iter().for_each(|note| text.pair("note", note));
        text.pair("wrote", out.display());
        Ok(print(text)?)
    }
}

fn list() -> Result<()> {
    let head = ["network", "", "input", "classes", "parameters", "ReLUs", "layers", "channels"];
    let mut table = Table::new(head, 3);
    for architecture in &ARCHITECTURES {
        let counts = architecture.counts()?;
        table.row([
            architecture.name.into(),
            architecture.about.into(),
            shape_text(architecture.input),
            count(architecture.classes.into()),
            count(counts.parameters),
            count(counts.relus),
            count(counts.layers as u64),
            count(counts.channels),
        ]);
    }
    Ok(print(table)?)
}
