use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use brelu_embedded::settings::Interface;
use brelu_tools::data::Dataset;
use brelu_tools::report::{Bar, Lines, Table, bytes, count, print, print_json, seconds};
use brelu_tools::trial::device::album::Album;
use brelu_tools::trial::device::console::{Line, Spent};
use brelu_tools::trial::device::machine::{BOARDS, Machine};
use brelu_tools::trial::device::{Setting, Way, cuts, foes, labels};
use clap::{Args, ValueEnum};

use super::super::arguments::{ImportArgs, positive};
use super::super::files::{read_plan, read_weights};
use super::super::preprocess;

/// A microcontroller as the client: labels, power cuts, a server that is none
#[derive(Debug, Args)]
#[command(after_help = "\
Starts a dealer, a server and (for thin devices) a delegate, provisions a device, and runs it: firmware in QEMU, or the \
same application as a program of this machine. embedded/run-qemu.sh and embedded/run-tap.sh build what is needed and call \
this.

Examples:
  brelu trial device --firmware device.elf --board lm3s6965evb
  brelu trial device --firmware device.elf --board lm3s6965evb --plan resnet8.plan --weights resnet8.weights \\
      --model resnet8.onnx --data cifar10/test.bin
  brelu trial device --firmware device.elf --board mps2-an386 --cuts 200
  brelu trial device --firmware device.elf --board mps2-an386 --foes")]
pub(crate) struct Device {
    #[command(flatten)]
    machine: MachineArgs,

    /// How the device takes part
    #[arg(long, value_enum, default_value = "party")]
    way: WayArg,

    /// The network [default: a small generated one]
    #[command(flatten)]
    album: AlbumArgs,

    /// Cut the power at so many random moments instead
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "foes")]
    cuts: Option<usize>,

    /// Let others answer in the server's place instead
    #[arg(long)]
    foes: bool,

    /// Seed of the generated network and of all choices
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Print JSON: times in seconds, work in microseconds
    #[arg(long)]
    json: bool,
}

/// What the device runs on.
#[derive(Debug, Args)]
struct MachineArgs {
    /// Firmware, an ELF file, to run in QEMU
    #[arg(long, value_name = "FILE", requires = "board", conflicts_with = "program")]
    firmware: Option<PathBuf>,

    /// The board it is made for
    #[arg(long, value_name = "BOARD", value_parser = BOARDS.map(|board| board.name))]
    board: Option<String>,

    /// Count instructions: a microsecond of the device's clock is a thousand of them
    #[arg(long, requires = "firmware")]
    instructions: bool,

    /// A program that runs the device's application on this machine
    #[arg(long, value_name = "FILE", required_unless_present = "firmware")]
    program: Option<PathBuf>,

    /// An argument for the program, after the files of partition and flash
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true, requires = "program")]
    argument: Vec<OsString>,

    /// The device's address
    #[arg(long, value_name = "ADDRESS", default_value = "10.0.2.15")]
    address: Ipv4Addr,

    /// This machine's address, as the device sees it
    #[arg(long, value_name = "ADDRESS", default_value = "10.0.2.2")]
    host: Ipv4Addr,

    /// Where the parties listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: Ipv4Addr,
}

/// What it classifies.
#[derive(Debug, Args)]
struct AlbumArgs {
    /// The plan of a network of your own [default: a small generated one]
    #[arg(long, value_name = "FILE", requires_all = ["weights", "model", "data"])]
    plan: Option<PathBuf>,

    /// Its weights
    #[arg(long, value_name = "FILE", requires = "plan")]
    weights: Option<PathBuf>,

    /// The ONNX network the plan was made of, for the plaintext labels
    #[arg(long, value_name = "FILE", requires = "plan")]
    model: Option<PathBuf>,

    /// Pictures: a folder, or a file of CIFAR records
    #[arg(long, value_name = "IMAGES", requires = "plan")]
    data: Option<PathBuf>,

    /// Most pictures
    #[arg(long, value_name = "N", default_value = "10", value_parser = positive)]
    count: usize,

    #[command(flatten)]
    import: ImportArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WayArg {
    /// As the client
    Party,
    /// With a delegate
    Thin,
}

impl MachineArgs {
    fn setting(&self, way: WayArg) -> Result<Setting> {
        let board = BOARDS.into_iter().find(|board| self.board.as_deref() == Some(board.name));
        let machine = match (&self.firmware, &self.program, board) {
            (Some(firmware), _, Some(board)) => {
                ensure!(firmware.exists(), "there is no firmware {}", firmware.display());
                Machine::Emulator { board, firmware: firmware.clone(), count: self.instructions }
            }
            (_, Some(path), _) => Machine::Program { path: path.clone(), args: self.argument.clone() },
            _ => anyhow::bail!("give --firmware and --board, or --program"),
        };
        Ok(Setting {
            machine,
            way: if way == WayArg::Thin { Way::Thin } else { Way::Party },
            interface: Interface {
                address: self.address.octets(),
                prefix: 24,
                gateway: Some(self.host.octets()),
            },
            host: self.host,
            listen: self.listen,
        })
    }
}

impl AlbumArgs {
    fn album(&self, seed: u64) -> Result<Album> {
        let _spinner = Bar::spinner("making a network and its plaintext labels");
        let given = (&self.plan, &self.weights, &self.model, &self.data);
        let (Some(plan_file), Some(weights), Some(model), Some(data)) = given else {
            return Ok(Album::generated(seed, self.count)?);
        };
        let plan = read_plan(plan_file)?;
        let weights = read_weights(plan, weights)?;
        let graph = self.import.network(model)?;
        let beside = plan_file.with_extension("json");
        let text = std::fs::read_to_string(&beside)
            .with_context(|| format!("{}, which brelu compile writes, is needed", beside.display()))?;
        let recorded = preprocess::parse(&text).with_context(|| beside.display().to_string())?;
        preprocess::check_same(plan, &recorded)?;
        let data = Dataset::open(data, preprocess::of_plan(plan)?)?;
        let pixels = data.iter().take(self.count).map(|item| Ok(item?.pixels)).collect::<Result<_>>()?;
        Ok(Album::given(plan, weights, &graph, recorded, pixels)?)
    }
}

impl Device {
    pub(crate) fn run(self) -> Result<()> {
        let setting = self.machine.setting(self.way)?;
        let album = self.album.album(self.seed)?;
        match (self.cuts, self.foes) {
            (Some(cuts), _) => self.cuts(&album, &setting, cuts),
            (None, true) => self.foes(&album, &setting),
            (None, false) => self.labels(&album, &setting),
        }
    }

    fn labels(&self, album: &Album, setting: &Setting) -> Result<()> {
        let said = |line: &Line| self.said(line);
        let report = labels::run(album, setting, &said)?;
        if self.json {
            print_json(&report)?;
        } else {
            print(self.label_table(&report))?;
        }
        let equal = report.pictures.iter().filter(|seen| seen.plaintext == seen.device).count();
        let (done, of) = (report.pictures.len(), report.expected);
        ensure!(
            report.is_good(),
            "{equal} of {of} labels are the plaintext network's, {done} were printed, and the device {} in order",
            if report.ended { "ended" } else { "did not end" }
        );
        Ok(())
    }

    /// Shows the device's own words.
    fn said(&self, line: &Line) {
        let text = match line {
            Line::Picture(result) => format!("picture {}: output {}", result.picture, result.output),
            Line::Failed(text) | Line::Other(text) => text.clone(),
            Line::Boot(_) | Line::Epoch(_) | Line::Runs(_) => return,
        };
        brelu_tools::report::note(format_args!("device: {text}"));
    }

    fn label_table(&self, report: &labels::Report) -> Lines {
        let mut table = Table::new(["picture", "plaintext", "device", "offline", "online", "up", "down"], 0);
        let work = |spent: &Spent| self.work(spent);
        for (index, seen) in report.pictures.iter().enumerate() {
            let (up, down) = (seen.offline.up + seen.online.up, seen.offline.down + seen.online.down);
            table.row([
                index.to_string(),
                seen.plaintext.to_string(),
                seen.device.to_string(),
                work(&seen.offline),
                work(&seen.online),
                bytes(up),
                bytes(down),
            ]);
        }
        let mut text = Lines::new(0);
        text.block(table);
        let equal = report.pictures.iter().filter(|seen| seen.plaintext == seen.device).count();
        text.line(format_args!("{equal} of {} labels are the plaintext network's", report.expected));
        text
    }

    /// Instructions if they are counted, time if not.
    fn work(&self, spent: &Spent) -> String {
        match self.machine.instructions {
            true => format!("{:.1} M instr", spent.busy as f64 / 1e3),
            false => seconds(spent.busy as f64 / 1e6),
        }
    }

    fn cuts(&self, album: &Album, setting: &Setting, cuts: usize) -> Result<()> {
        let bar = Bar::new(cuts as u64, "power cuts");
        let options = cuts::Options { seed: self.seed, cuts };
        let report = cuts::run(album, setting, options, &|done, of| bar.at(done as u64, of as u64))?;
        drop(bar);
        if self.json {
            print_json(&report)?;
        } else {
            print(cut_table(&report))?;
        }
        let cuts::Report { wrong, unserved, reused, .. } = &report;
        ensure!(
            report.is_good(),
            "{wrong} results were wrong, {unserved} times none came, {reused} counts or numbers came twice"
        );
        Ok(())
    }

    fn foes(&self, album: &Album, setting: &Setting) -> Result<()> {
        let bar = Bar::new(foes::FOES.len() as u64, "foes");
        let report = foes::run(album, setting, &|done, of| bar.at(done as u64, of as u64))?;
        drop(bar);
        if self.json {
            print_json(&report)?;
        } else {
            print(foe_table(&report))?;
        }
        ensure!(report.is_good(), "the device did not tell or outlive every foe");
        Ok(())
    }
}

fn cut_table(report: &cuts::Report) -> Lines {
    let mut table = Table::new(["power cuts", ""], 1);
    let mut line = |name: &str, value: usize| table.row([name.into(), count(value as u64)]);
    let moments = [
        "before the start was counted",
        "before there was an epoch",
        "before an input was sent",
        "before there was a result",
        "later",
    ];
    moments.into_iter().zip(report.cuts).for_each(|(name, value)| line(name, value));
    line("starts", report.boots[1]);
    line("starts that the device counted", report.boots[0]);
    line("right results", report.right);
    line("wrong results", report.wrong);
    line("no result in time", report.unserved);
    line("numbers the device used", report.numbers[0]);
    line("numbers the server ran", report.numbers[1]);
    line("counts and numbers used twice", report.reused);
    let mut text = Lines::new(0);
    text.block(table);
    text
}

fn foe_table(report: &foes::Report) -> Lines {
    let mut text = Lines::new(0);
    for met in &report.met {
        let told = met.told.as_deref().unwrap_or("said nothing");
        let then = if met.recovered { "then a right result" } else { "then no right result" };
        text.line(format_args!("{:?}: {told}; {then}", met.foe));
    }
    text.line(format_args!("{} start of the device", report.boots));
    text
}
