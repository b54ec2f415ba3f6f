use std::path::PathBuf;

use anyhow::Result;
use brelu::report::{LayerReport, Lines, PlanReport, Table, print, print_json, traffic_table};

use brelu_networks::numbers::{bytes, count};
use clap::Args;

use super::files::read_plan;

/// Print what a plan does and what it costs, layer by layer
#[derive(Debug, Args)]
#[command(after_help = "\
Columns: ring is n->K in bits for activations, accumulator->n for linear layers and products; f the fraction bits dropped, 0 \
where the result is exact; w the window of the comparisons and the positions of its lowest bit; offline is from dealer \
and client to the server, online from client to server and back.

Example:
  brelu inspect resnet20.plan")]
pub(crate) struct Inspect {
    /// The plan
    plan: PathBuf,

    /// Print JSON, sizes in bytes
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<()> {
        let report = PlanReport::new(read_plan(&self.plan)?);
        let printed = if self.json { print_json(&report) } else { print(text(&report)) };
        Ok(printed?)
    }
}

fn text(report: &PlanReport) -> Lines {
    let dims = |[channels, height, width]: [u32; 3]| format!("{channels}x{height}x{width}");
    let mut text = Lines::new(13);
    text.pair("network", &report.name);
    text.pair("plan", bytes(report.file_bytes as u64));
    text.pair("input", format_args!("{}: {}", dims(report.input), report.preprocess));
    match report.answer.labels {
        Some(_) => text.pair("output", dims(report.output)),
        None => {
            text.pair("output", format_args!("{}, one unit is {}", dims(report.output), report.output_scale));
        }
    }
    text.maybe("upsampling", report.upsampling.as_ref());
    text.pair("labels", format_args!("{}, class offset {}", report.labels, report.class_offset));
    text.pair("answer", report.answer.text());
    text.pair("margin", report.margin);
    text.block(format_args!("\n{}\n", layers(report)));
    text.line("one inference");
    text.block(traffic_table(&report.bytes));
    text.pair("round trips", report.round_trips);
    text.pair("decisions", format_args!("{} for {} pixels", count(report.decisions), count(report.pixels)));
    text.pair("MACs", count(report.macs));
    let [least, best] = [report.client_bytes_least, report.client_bytes_best].map(bytes);
    text.pair("client memory", format_args!("{least} at least, {best} to be fastest"));
    text
}

fn layers(report: &PlanReport) -> Table {
    let head = [
        "",
        "name",
        "operation",
        "reads",
        "shape",
        "ring",
        "f",
        "w",
        "blocks",
        "pixels",
        "identity",
        "zero",
        "dealer off",
        "client off",
        "client on",
        "server on",
        "MMACs",
    ];
    let mut table = Table::new(head, 5);
    report.layers.iter().for_each(|layer| table.row(row(layer)));
    table
}

fn row(layer: &LayerReport) -> [String; 17] {
    let [channels, height, width] = layer.shape;
    let some = |number: u64| if number == 0 { String::new() } else { count(number) };
    let size = |number: u64| if number == 0 { String::new() } else { bytes(number) };
    let reads: Vec<String> = layer.inputs.iter().map(u16::to_string).collect();
    let window = layer.window.map(|window| match layer.positions {
        Some([low, high]) if low != high => format!("{window} at {low}-{high}"),
        Some([low, _]) => format!("{window} at {low}"),
        None => window.to_string(),
    });
    [
        layer.node.to_string(),
        shortened(&layer.name, 32),
        layer.op.clone(),
        reads.join(" "),
        format!("{channels}x{height}x{width}"),
        layer.from_bits.map_or(layer.bits.to_string(), |from| format!("{from}->{}", layer.bits)),
        layer.fraction.map(|fraction| fraction.to_string()).unwrap_or_default(),
        window.unwrap_or_default(),
        some(layer.blocks),
        some(layer.pixels),
        some(layer.identity),
        some(layer.zero),
        size(layer.bytes.dealer_to_server_offline),
        size(layer.bytes.client_to_server_offline),
        size(layer.bytes.client_to_server_online),
        size(layer.bytes.server_to_client_online),
        if layer.macs == 0 { String::new() } else { format!("{:.2}", layer.macs as f64 / 1e6) },
    ]
}

/// Names say most at their end.
fn shortened(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(length + 1 - most).collect();
    format!("~{tail}")
}
