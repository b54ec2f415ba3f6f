use std::path::PathBuf;

use anyhow::{Context, Result};
use brelu::report::{Lines, Table, interpolation_text, print};
use brelu_compile as compile;
use brelu_networks::graph::{Graph, Node, simplify};
use brelu_networks::onnx::{export_file, files_beside};

use brelu_networks::numbers::count;
use clap::Args;

use super::arguments::{ImportArgs, shape_text};
use super::conversion::ConversionArgs;
use super::files::{ForceArgs, check_distinct, check_place};
use super::preprocess::channels;

/// Read an ONNX network and print what of it would be compiled
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brelu import resnet20.onnx
  brelu import squeezenet.onnx --average-pool -o average.onnx")]
pub(crate) struct Import {
    /// The network: an ONNX file, operator sets 7 to 25, with its values in it or in files beside it
    model: PathBuf,

    /// Where to write the network as it was read, with the changes that are asked for: an ONNX file
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    conversion: ConversionArgs,

    #[command(flatten)]
    options: ImportArgs,
}

impl Import {
    pub(crate) fn run(self) -> Result<()> {
        if let Some(out) = &self.out {
            check_place(out)?;
            check_distinct(out, &self.model)?;
            self.force.check(&[out])?;
        }
        let (graph, notes) = self.options.import_as_is(&self.model)?;
        if let Some(out) = self.out.as_ref().filter(|_| self.model.is_file()) {
            files_beside(&self.model)?.iter().try_for_each(|file| check_distinct(out, file))?;
        }
        let (whole, changes) = self.conversion.convert(graph)?;
        let graph = simplify(whole.clone()).with_context(|| self.model.display().to_string())?;
        // What is accepted here compiles.
        compile::check(&graph).with_context(|| self.model.display().to_string())?;
        channels(graph.input_shape())?;
        if let Some(out) = &self.out {
            export_file(&whole, out)?;
        }
        let mut text = text(&graph, &notes);
        changes.iter().for_each(|change| text.pair("changed", change));
        self.out.iter().for_each(|out| text.pair("wrote", out.display()));
        Ok(print(text)?)
    }
}

fn text(graph: &Graph, notes: &[String]) -> Lines {
    let mut table = Table::new(["node", "operation", "output", "parameters", "MACs"], 3);
    for node in &graph.nodes {
        table.row([
            node.name.clone(),
            node.op.description(),
            shape_text(node.shape),
            some(node.op.numbers() as u64),
            some(node.op.macs(node.shape)),
        ]);
    }
    let sum = |value: &dyn Fn(&Node) -> u64| count(graph.nodes.iter().map(value).sum());
    let mut text = Lines::new(11);
    text.block(table);
    text.pair("network", &graph.name);
    text.pair("input", format_args!("{} {}", graph[graph.input].name, shape_text(graph.input_shape())));
    text.pair("output", format_args!("{} {}", graph[graph.output].name, shape_text(graph.output_shape())));
    if graph.output_shape().plane() > 1 {
        text.pair(
            "upsampling",
            format_args!("{}, done by the client", interpolation_text(graph.interpolation)),
        );
    }
    text.pair("parameters", sum(&|node| node.op.numbers() as u64));
    text.pair("ReLUs", sum(&relus));
    text.pair("MACs", sum(&|node| node.op.macs(node.shape)));
    notes.iter().for_each(|note| text.pair("note", note));
    text
}

fn some(number: u64) -> String {
    if number == 0 { String::new() } else { count(number) }
}

fn relus(node: &Node) -> u64 {
    if node.op.is_activation() { node.shape.len() as u64 } else { 0 }
}
