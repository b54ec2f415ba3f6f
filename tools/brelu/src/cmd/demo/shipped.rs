//! The demonstration that needs no file: two networks that come with the program, on generated pictures.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result};
use brelu::evaluate::Record;
use brelu::report::{Lines, Table, print};
use brelu_core::cost;
use brelu_core::plan::{ColourOrder, Plan};
use brelu_data::{Dataset, Preprocess, Screen, Tile, preview, shapes, sheet};
use brelu_host::plan_file;
use brelu_networks::blocks::Spec;
use brelu_networks::graph::simplify;
use brelu_networks::onnx::{self, ImportOptions};
use image::ImageFormat;

use brelu_networks::numbers::{bytes, count, percent, seconds};
use brelu_networks::zoo::Counts;
use image::{Rgb, RgbImage};

use super::{Files, Images, infer};
use crate::cmd::evaluate::FloatNetwork;
use crate::cmd::files::{Access, write_all};
use crate::cmd::infer::label;

/// A network that comes with the program, as `assets/shapes/make.sh` makes them.
struct Shipped {
    /// What it is called in tables.
    name: &'static str,
    onnx: &'static [u8],
    plan: &'static [u8],
    weights: &'static [u8],
    spec: Option<&'static str>,
}

const EVERY_RELU: Shipped = Shipped {
    name: "every ReLU",
    onnx: include_bytes!("../../../assets/shapes/full.onnx"),
    plan: include_bytes!("../../../assets/shapes/full.plan"),
    weights: include_bytes!("../../../assets/shapes/full.weights"),
    spec: None,
};

const BLOCKS: Shipped = Shipped {
    name: "block-ReLU",
    onnx: include_bytes!("../../../assets/shapes/blocks.onnx"),
    plan: include_bytes!("../../../assets/shapes/blocks.plan"),
    weights: include_bytes!("../../../assets/shapes/blocks.weights"),
    spec: Some(include_str!("../../../assets/shapes/blocks.json")),
};

const INTRODUCTION: &str = "\
A small residual network (ResNet-8) for pictures of ten shapes, trained by `brelu train` on generated pictures: once with \
every ReLU, and once with block-ReLU, sizes chosen by `brelu knapsack`. A client, a server and a dealer, each a process of \
its own, classify pictures that neither was trained on; only the client sees pictures and results.

";

/// Pictures that a row of the contact sheet holds, and of the preview.
const COLUMNS: usize = 10;
const PREVIEWED: usize = 4;

/// One network's results.
struct Run {
    shipped: &'static Shipped,
    plan: &'static Plan<'static>,
    /// Sign decisions of an inference.
    decisions: u64,
    records: Vec<Record>,
}

/// Classifies `count` pictures of the set `shapes:seed` with both networks.
pub(super) fn run(count: usize, seed: u64, sheet_file: &Path) -> Result<()> {
    print(INTRODUCTION)?;
    let mut preprocess = Preprocess::raw(shapes::SIDE, shapes::SIDE, ColourOrder::Rgb);
    (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
    let data = Dataset::open(Path::new(&format!("shapes:{seed}")), preprocess)?;
    let count = count.min(data.len());
    let set = data.clone();
    let images: Images = Box::new(move |index| set.item(index));
    let mut runs = Vec::new();
    for shipped in [&EVERY_RELU, &BLOCKS] {
        let plan = plan_file::keep(shipped.plan.to_vec())?;
        let network = shipped.network(preprocess)?;
        let files = Files { plan: shipped.plan, weights: shipped.weights };
        let records = infer(plan, &files, &network, &images, count, shipped.name)?;
        runs.push(Run { shipped, plan, decisions: decisions(&network), records });
    }
    let tiles = tiles(&data, &runs)?;
    let mut picture = Cursor::new(Vec::new());
    sheet(&tiles, COLUMNS)?.write_to(&mut picture, ImageFormat::Png)?;
    write_all(&[(sheet_file.into(), Access::Public, picture.get_ref())])
        .context("the contact sheet cannot be written: give another --sheet")?;
    let shown = preview(&tiles[..tiles.len().min(PREVIEWED)], 32, Screen::of_stdout());
    Ok(print(format_args!("{shown}\n{}\n{}", images_table(&runs), summary(&runs, sheet_file)))?)
}

impl Shipped {
    fn network(&self, preprocess: Preprocess) -> Result<FloatNetwork> {
        let graph = simplify(onnx::import(self.onnx, &ImportOptions::default())?.graph)?;
        let parse = |text| Spec::parse(text).map_err(anyhow::Error::msg);
        Ok(FloatNetwork { graph, preprocess, spec: self.spec.map(parse).transpose()? })
    }
}

impl Run {
    fn prediction(&self, at: usize) -> String {
        let best = self.records.get(at).and_then(|record| record.top.first());
        best.and_then(|output| label(self.plan, *output)).unwrap_or_default()
    }

    fn right(&self, is_right: impl Fn(&Record) -> bool) -> String {
        let right = self.records.iter().filter(|record| is_right(record)).count();
        format!("{right} of {}", self.records.len())
    }

    fn bytes(&self) -> u64 {
        let Some(bytes) = self.records.first().and_then(|record| record.bytes) else { return 0 };
        bytes.total
    }

    fn seconds(&self, of: impl Fn(&Record) -> f64) -> f64 {
        self.records.iter().map(of).sum::<f64>() / self.records.len().max(1) as f64
    }
}

fn decisions(network: &FloatNetwork) -> u64 {
    match &network.spec {
        Some(spec) => spec.decisions(&network.graph),
        None => Counts::of(&network.graph).relus,
    }
}

/// The pictures with what the network with block-ReLU says.
fn tiles(data: &Dataset, runs: &[Run]) -> Result<Vec<Tile>> {
    let Some(last) = runs.last() else { return Ok(Vec::new()) };
    let tile = |(at, record): (usize, &Record)| {
        let pixels = data.item(record.index)?.pixels;
        let plane = pixels.len() / 3;
        let image = RgbImage::from_fn(shapes::SIDE, shapes::SIDE, |x, y| {
            let place = (y * shapes::SIDE + x) as usize;
            Rgb([0, 1, 2].map(|channel| pixels[channel * plane + place]))
        });
        Ok(Tile { image, label: truth(last.plan, record), prediction: Some(last.prediction(at)) })
    };
    last.records.iter().enumerate().map(tile).collect()
}

fn truth(plan: &Plan<'_>, record: &Record) -> Option<String> {
    record.label.and_then(|output| label(plan, output))
}

fn images_table(runs: &[Run]) -> Table {
    let mut table = Table::new(["picture", "truth", runs[0].shipped.name, runs[1].shipped.name], 4);
    for (at, record) in runs[0].records.iter().enumerate() {
        table.row([
            record.name.clone(),
            truth(runs[0].plan, record).unwrap_or_default(),
            runs[0].prediction(at),
            runs[1].prediction(at),
        ]);
    }
    table
}

fn summary(runs: &[Run], sheet_file: &Path) -> String {
    let mut table = Table::new(["", runs[0].shipped.name, runs[1].shipped.name], 1);
    let mut row = |name: &str, value: &dyn Fn(&Run) -> String| {
        table.row([name.to_owned(), value(&runs[0]), value(&runs[1])]);
    };
    let agrees =
        |record: &Record| record.float.as_ref().is_some_and(|float| float.top.first() == record.top.first());
    row("right", &|run| {
        run.right(|record| record.label.is_some() && record.top.first() == record.label.as_ref())
    });
    row("as in the clear", &|run| run.right(agrees));
    row("sign decisions", &|run| count(run.decisions));
    row("bytes an inference", &|run| bytes(run.bytes()));
    row("as the formulas say", &|run| run.right(|record| record.exact == Some(true)));
    row("round trips", &|run| cost::total(run.plan).round_trips.to_string());
    row("offline, mean", &|run| seconds(run.seconds(|record| record.offline_seconds)));
    row("online, mean", &|run| seconds(run.seconds(|record| record.online_seconds)));
    let share = |of: &dyn Fn(&Run) -> u64| of(&runs[1]) as f64 / of(&runs[0]).max(1) as f64;
    let decided = share(&|run| run.decisions);
    let mut text = Lines::new(0);
    text.block(table);
    text.line(format_args!(
        "Block-ReLU takes {} of the sign decisions and saves {} of the bytes.",
        percent(decided),
        percent(1.0 - share(&Run::bytes))
    ));
    text.line(format_args!("All pictures with their results: {}", sheet_file.display()));
    text.to_string()
}
