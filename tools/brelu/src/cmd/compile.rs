use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brelu::report::{Bytes, Lines, Table, note, print, traffic_table};
use brelu_compile::{Compiled, FitReport, LabelReport, Quality, Report, Trial};
use brelu_core::cost;
use brelu_core::plan::{Local, Op, Plan};
use brelu_data::Preprocess;

use brelu_networks::numbers::{bytes, percent};
use clap::Args;
use serde::Serialize;

use super::arguments::ImportArgs;
use super::calibration::Calibration;
use super::compiling::CompileArgs;
use super::files::{Access, ForceArgs, beside, check_distinct, plan_digest, write_all};
use super::preprocess::PreprocessArgs;

/// Turn an ONNX network into a public plan and private weights
#[derive(Debug, Args)]
#[command(after_help = "\
Writes three files: PREFIX.plan (public: client and server need it), PREFIX.weights (secret: only the server) and \
PREFIX.json (how they were made; keep it with the weights).

Examples:
  brelu compile resnet20.onnx -o resnet20 --calibrate cifar10/train.bin --mean .485 .456 .406 --std .229 .224 .225
  brelu compile mobilenet.onnx -o models/ --calibrate pictures/ --fit short-side:256 --mean .5 --std .5 --class-offset 1
  brelu compile deeplab.onnx -o deeplab --calibrate pictures/ --fit pad --mean .5 --std .5 --interpolate align-corners
  brelu compile resnet20.onnx -o label --calibrate cifar10/train.bin --answer label
  brelu compile resnet20.onnx -o fixed --calibrate cifar10/train.bin --bits 24 --fraction 12 --window 6")]
pub(crate) struct Compile {
    /// The network: an ONNX file, operator sets 7 to 22
    model: PathBuf,

    /// Where to write: a prefix of the three files, or a folder (then the network's file name is the prefix)
    #[arg(short = 'o', long = "out", value_name = "PREFIX")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    import: ImportArgs,

    #[command(flatten)]
    compiling: CompileArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

/// The third file of a compilation.
#[derive(Serialize)]
struct Record<'a> {
    model: String,
    plan_sha256: String,
    calibration: &'a str,
    preprocess: &'a Preprocess,
    bytes: Bytes,
    report: &'a Report,
}

impl Compile {
    pub(crate) fn run(self) -> Result<()> {
        let prefix = prefix(&self.out, &self.model)?;
        for result in results(&prefix) {
            check_distinct(&result, &self.model)?;
            self.compiling.spec().map_or(Ok(()), |spec| check_distinct(&result, spec))?;
        }
        self.force.check(&results(&prefix))?;
        let (graph, notes) = self.import.import(&self.model)?;
        let preprocess = self.preprocess.resolve(&graph)?;
        let calibration = self.compiling.calibration(&preprocess)?;
        let compiled = self.compiling.compile(&graph, preprocess, &calibration)?;
        let plan = Plan::parse(&compiled.plan)?;
        let record = Record {
            model: self.model.display().to_string(),
            plan_sha256: plan_digest(&plan),
            calibration: &calibration.description,
            preprocess: &preprocess,
            bytes: cost::total(&plan).bytes.into(),
            report: &compiled.report,
        };
        let written = write(&prefix, &compiled, &record)?;
        for text in notes {
            note(format_args!("note: {text}"));
        }
        Ok(print(format_args!("{}{written}", describe(&compiled, &calibration)?))?)
    }
}

fn prefix(out: &Path, model: &Path) -> Result<PathBuf> {
    let is_folder = out.is_dir() || out.as_os_str().to_string_lossy().ends_with(std::path::MAIN_SEPARATOR);
    if !is_folder {
        return Ok(out.into());
    }
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    Ok(out.join(model.file_stem().unwrap_or_default()))
}

/// Where weights, record and plan go.
fn results(prefix: &Path) -> [PathBuf; 3] {
    [".weights", ".json", ".plan"].map(|ending| beside(prefix, ending))
}

fn write(prefix: &Path, compiled: &Compiled, record: &Record<'_>) -> Result<Lines> {
    let json = serde_json::to_string_pretty(record)? + "\n";
    let [weights, record, plan] = results(prefix);
    let secret = compiled.weights.to_bytes();
    let files = [
        (weights, Access::Private, secret.as_slice()),
        (record, Access::Private, json.as_bytes()),
        (plan, Access::Public, compiled.plan.as_slice()),
    ];
    write_all(&files)?;
    let [weights, json, plan] = files.map(|file| file.0.display().to_string());
    let mut text = Lines::new(12);
    text.pair("wrote", format_args!("{plan} (public: for clients and server)"));
    text.pair("", format_args!("{weights} (secret: for the server)"));
    text.pair("", format_args!("{json} (how they were made)"));
    Ok(text)
}

/// The widths of the comparison windows of the network: one, or the narrowest and the widest.
fn windows(plan: &Plan<'_>) -> String {
    let mut widths = BTreeSet::new();
    let network = plan.nodes().take_while(|(_, node)| !matches!(node.op, Op::Local(Local::Shift { .. })));
    for (_, node) in network {
        if let Op::Activation { window, .. } = node.op {
            widths.insert(window);
        }
    }
    match (widths.first(), widths.last()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (least, _) => least.map_or("none".into(), ToString::to_string),
    }
}

/// What smooth functions became, and the layer where that misses most.
fn fits(fits: &[FitReport]) -> Option<String> {
    let worst = fits.iter().max_by(|a, b| a.relative.total_cmp(&b.relative))?;
    let (layers, counts) = (fits.len(), || fits.iter().map(|fit| fit.knots));
    let (least, most) = (counts().min()?, counts().max()?);
    let knots = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let number = |value: f32| if value < 0.001 { format!("{value:.1e}") } else { format!("{value:.3}") };
    Some(format!(
        "smooth functions of {layers} {}: {knots} knots; error in {:?}, the worst: {} in the mean of what calibration saw, {} \
         at most for any input",
        if layers == 1 { "layer" } else { "layers" },
        worst.name,
        number(worst.mean),
        number(worst.largest)
    ))
}

/// How labels are chosen.
fn answer(labels: &LabelReport) -> String {
    let LabelReport { count, classes, bits, ring, window, position, agreement, .. } = *labels;
    let what = match count {
        1 => format!("the label of the largest of {classes} scores"),
        _ => format!("the labels of the {count} largest of {classes} scores"),
    };
    let same = percent(agreement);
    format!("{what}, {bits} bits each; compared in {ring} bits, w {window} at {position}: {same} as if exact")
}

/// How the network does on the calibration images.
fn simulated(trial: &Trial) -> String {
    let Quality { decisions, different, expected_different, error, worst, .. } = trial.quality;
    let (same, images) = (decisions - different, trial.images);
    let [error, worst, expected] = [error, worst, expected_different].map(|share| share * 100.0);
    format!(
        "{same} of {decisions} answers as in float on these {images} images ({expected:.1} % expected to differ), error of \
         the median picture {error:.2} % of the outputs' spread, of the worst {worst:.1} %"
    )
}

/// Why the format was taken, in terms of the next cheaper one.
fn reason(report: &Report) -> Option<String> {
    let (chosen, front) = (&report.chosen, &report.front);
    let cheaper = front.iter().rev().find(|point| 10 * point.bits < 9 * chosen.bits)?;
    let rule = match (report.criterion.agreement, report.aim) {
        (Some(share), _) => format!("the cheapest that keeps {} of the answers", percent(share.into())),
        (None, aim) => format!("the cheapest with an error of about {} or less", percent(aim?.into())),
    };
    let [lowest, highest] = cheaper.windows;
    let saved = bytes((chosen.bits - cheaper.bits) / 8);
    let more = f64::from(cheaper.different - chosen.quality.expected_different).max(0.0);
    Some(format!(
        "{rule}; K {} with w {lowest} to {highest} would save {saved} and change {} more of them",
        cheaper.wide,
        percent(more)
    ))
}

/// The formats around the chosen one.
fn front(report: &Report) -> Table {
    let mut table = Table::new(["", "bytes", "K", "w", "error", "answers that differ", ""], 1);
    for point in &report.front {
        let mark = if point.bits == report.chosen.bits { ">" } else { "" };
        let [lowest, highest] = point.windows;
        table.row([
            mark.into(),
            bytes(point.bits / 8),
            point.wide.to_string(),
            format!("{lowest}-{highest}"),
            percent(point.error.into()),
            percent(point.different.into()),
            if point.simulated { "simulated" } else { "estimated" }.into(),
        ]);
    }
    table
}

/// What was chosen, for people.
pub(crate) fn describe(compiled: &Compiled, calibration: &Calibration) -> Result<Lines> {
    let plan = Plan::parse(&compiled.plan)?;
    let (report, total) = (&compiled.report, cost::total(&plan));
    let format = report.format;
    let mut text = Lines::new(12);
    text.pair("network", plan.header().name);
    text.pair("calibration", &calibration.description);
    let names: Vec<&str> = plan.header().labels.lines().collect();
    text.pair(
        "class names",
        match names[..] {
            [] => "unknown: labels of pictures are taken by number; --labels FILE names the classes".into(),
            [first, .., last] => format!("{} from {first} to {last}", names.len()),
            [one] => one.to_owned(),
        },
    );
    let (wide, narrow, tried) = (format.wide(), format.narrow, report.trials.len());
    let widths = format!("K {wide}, n {narrow}, f {}, w {}", format.fraction, windows(&plan));
    text.pair("format", format_args!("{widths}, margin {} ({tried} formats tried)", report.margin));
    let scores = if report.exact { "exact" } else { "rounded" };
    text.pair("scores", format_args!("{scores}, {} bits", plan.output().bits));
    text.maybe("fitted", fits(&report.fits));
    text.pair("simulated", simulated(&report.chosen));
    text.maybe("chosen", reason(report));
    text.maybe("answer", report.labels.as_ref().map(answer));
    if !report.front.is_empty() {
        text.line("formats around it");
        text.block(front(report));
    }
    text.line("one inference");
    text.block(traffic_table(&total.bytes.into()));
    text.pair("round trips", total.round_trips);
    if let Some(labels) = &report.labels {
        let (size, trips) = (bytes(labels.scores_bytes), labels.scores_round_trips);
        text.pair("with scores", format_args!("{size} in all, {trips} round trips"));
    }
    Ok(text)
}
