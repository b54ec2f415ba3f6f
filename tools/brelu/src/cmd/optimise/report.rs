use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu::report::{Bar, Lines, note, print};
use brelu_budget::distortion::{Table, read_table};
use brelu_budget::knapsack::Link;
use brelu_data::Dataset;
use brelu_networks::blocks::Spec;
use brelu_report::{
    self, Chosen, Example, Figure, History, Inputs, examples, parse_front, png, report, training_report,
};

use brelu_learn::training;
use brelu_networks::numbers::bytes;
use clap::Args;

use super::samples::model_digest;
use crate::cmd::arguments::ImportArgs;
use crate::cmd::files::{Access, ForceArgs, write_all};
use crate::cmd::preprocess::PreprocessArgs;

// What it does stands where commands are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Without specs the report shows the distortions alone. Its activations need a spec, --model and --data.

Examples:
  brelu report resnet20.parquet resnet20-6.json resnet20-12.json --front front.csv -o report.html
  brelu report resnet20.parquet resnet20-6.json --model resnet20.onnx --data cifar10/test.bin --mean .485 .456 .406 \
--std .229 .224 .225 -o report.html --svg figures --png figures
  brelu report --history r20-6.history.csv --history r20-12.history.csv -o training.html
  brelu report resnet20.parquet resnet20-6.json --link 20Mbit/60ms --link 1Gbit/5ms -o report.html")]
pub(crate) struct Report {
    /// The measured distortions
    #[arg(value_name = "TABLE", required_unless_present = "history")]
    table: Option<PathBuf>,

    /// Block specs chosen from them
    #[arg(value_name = "SPEC")]
    specs: Vec<PathBuf>,

    /// The best distortion for every cost: a CSV with the columns cost, share, distortion, drelus and bytes
    #[arg(long, value_name = "FILE")]
    front: Option<PathBuf>,

    /// Histories of trainings, as `brelu train` writes them; several are compared
    #[arg(long, value_name = "FILE")]
    history: Vec<PathBuf>,

    /// The network, to show activations of
    #[arg(long, value_name = "MODEL", requires = "data")]
    model: Option<PathBuf>,

    /// A picture, a folder of them or a file of CIFAR records, to show activations for
    #[arg(long, value_name = "IMAGES", requires = "model")]
    data: Option<PathBuf>,

    /// Which of the pictures, from 0
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "data")]
    image: usize,

    /// Bandwidth and round trip of a link whose seconds are stated; may be given several times
    /// [default: 100Mbit/20ms, 1Gbit/1ms and 10Gbit/0.1ms]
    #[arg(long, value_name = "BITS/TIME")]
    link: Vec<Link>,

    /// Where to write the report
    #[arg(short = 'o', long = "out", value_name = "HTML")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    /// A folder for the figures as SVG
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,

    /// A folder for the figures as PNG
    #[arg(long, value_name = "FOLDER")]
    png: Option<PathBuf>,

    #[command(flatten)]
    import: ImportArgs,

    #[command(flatten)]
    preprocess: PreprocessArgs,
}

impl Report {
    pub(crate) fn run(self) -> Result<()> {
        self.force.check(&[&self.out])?;
        let histories: Vec<History> = self.history.iter().map(|path| history(path)).collect::<Result<_>>()?;
        let Some(table) = &self.table else { return self.write(&training_report(&histories)?) };
        let table = read_table(table)?;
        let specs: Vec<Chosen> = self.specs.iter().map(|path| chosen(path, &table)).collect::<Result<_>>()?;
        let front = self.front.as_deref().map(front).transpose()?;
        let links = if self.link.is_empty() { Link::STANDARD.to_vec() } else { self.link.clone() };
        let examples = self.examples(&table, &specs)?;
        let bar = Bar::spinner("drawing");
        let inputs = Inputs {
            table: &table,
            specs: &specs,
            front: front.as_deref(),
            examples: &examples,
            links: &links,
        };
        let report = report(&inputs)?.with_trainings(&histories)?;
        drop(bar);
        self.write(&report)
    }

    fn write(&self, report: &brelu_report::Report) -> Result<()> {
        let bar = Bar::spinner("drawing");
        let figures: Vec<&Figure> = report.figures().collect();
        let html = report.html();
        let mut text = Lines::new(8);
        text.pair("wrote", format_args!("{} ({})", self.out.display(), bytes(html.len() as u64)));
        let mut files = vec![(self.out.clone(), html.into_bytes())];
        for (folder, ending) in [(&self.svg, "svg"), (&self.png, "png")] {
            let Some(folder) = folder else { continue };
            let drawn = pictures(folder, ending, &figures)?;
            self.force.check(&drawn.iter().map(|(path, _)| path).collect::<Vec<_>>())?;
            files.extend(drawn);
            text.pair("", format_args!("{} ({} figures)", folder.display(), figures.len()));
        }
        drop(bar);
        let borrowed: Vec<_> =
            files.iter().map(|(path, content)| (path.clone(), Access::Public, content.as_slice())).collect();
        write_all(&borrowed)?;
        Ok(print(text)?)
    }

    fn examples(&self, table: &Table, specs: &[Chosen]) -> Result<Vec<Example>> {
        let Some((model, data)) = self.model.as_ref().zip(self.data.as_ref()) else { return Ok(Vec::new()) };
        let Some(spec) = specs.first() else {
            note(format_args!("note: activations are shown with the patches of a spec: give one"));
            return Ok(Vec::new());
        };
        check_model(model, table)?;
        let graph = self.import.network(model)?;
        let preprocess = self.preprocess.resolve(&graph)?;
        let item = Dataset::open(data, preprocess)?.item(self.image)?;
        Ok(examples(&graph, &preprocess.normalise(&item.pixels), table, spec)?)
    }
}

/// Refuses a network file other than the measured one; built-in networks are not files.
fn check_model(model: &Path, table: &Table) -> Result<()> {
    if model.to_string_lossy().starts_with("builtin:") {
        return Ok(());
    }
    let digest = model_digest(model)?;
    ensure!(
        digest == table.provenance.model_sha256,
        "{} is not the network the table was measured on ({}): give that file",
        model.display(),
        table.provenance.model
    );
    Ok(())
}

fn chosen(path: &Path, table: &Table) -> Result<Chosen> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Chosen::new(&name, &Spec::read(path)?, table)?)
}

fn front(path: &Path) -> Result<Vec<brelu_report::FrontPoint>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_front(&text).with_context(|| path.display().to_string())
}

fn history(path: &Path) -> Result<History> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let refused = |problem| anyhow::anyhow!("{} is no history of a training: {problem}", path.display());
    let rows = training::parse(&text).map_err(refused)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(History { name: name.trim_end_matches(".csv").trim_end_matches(".history").into(), rows })
}

fn pictures(folder: &Path, ending: &str, figures: &[&Figure]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let picture = |figure: &&Figure| {
        let content = if ending == "png" { png(figure)? } else { figure.svg.clone().into_bytes() };
        Ok((folder.join(format!("{}.{ending}", figure.name)), content))
    };
    figures.iter().map(picture).collect()
}
