mod costs;
mod describe;
mod refine;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use brelu_tools::blocks::{BlockSize, CostUnit};
use brelu_tools::distortion::{Table, read_table};
use brelu_tools::knapsack::{Budget, Constraints, Front, Problem};
use brelu_tools::net::{self, on_interrupt};
use brelu_tools::report::{Bar, note, print, seconds};
use clap::{Args, ValueEnum};

use self::costs::CostArgs;
use self::describe::{Answer, one, several};
use self::refine::RefineArgs;
use super::files::{Access, ForceArgs, write_all};

/// Choose block sizes: the least distortion for a budget of sign decisions, bytes or seconds
#[derive(Debug, Args)]
#[command(after_help = "\
Reads a table of distortions and writes block specs. Choices are exact: the distortion is proven to be the least of all \
choices with that cost, or the proven gap is told.

A budget is a share of what one decision a pixel costs everywhere (12%), or an amount in the unit of --cost: 20kD (sign \
decisions), 1.5MB, 0.2s. With several budgets, -o is a prefix: -o r20.json --budget 6%,12% writes r20-6.json and r20-12.json.

Examples:
  brelu knapsack resnet20.parquet -o resnet20.json --budget 12%
  brelu knapsack resnet20.parquet -o specs/r20 --budget 3%,6%,12% --front front.csv
  brelu knapsack resnet20.parquet -o small.json --cost bytes --plan resnet20.plan --budget 1.5MB --windows
  brelu knapsack resnet20.parquet -o fast.json --cost seconds --link 100Mbit/20ms --phase online --budget 0.2s
  brelu knapsack r20.parquet -o r20.json --budget 6% --refine 30 --model r20.onnx --data cifar10/train.bin
  brelu knapsack resnet20.parquet -o stem.json --budget 20kD --keep 'conv1*' --largest 8x8 --no-zero")]
pub(crate) struct Knapsack {
    /// The distortions: a table that `brelu distort` or `brelu merge` wrote
    table: PathBuf,

    /// Where to write the block spec, or with several budgets what the names of their specs begin with
    #[arg(short = 'o', long = "out", value_name = "SPEC", required_unless_present = "front")]
    out: Option<PathBuf>,

    #[command(flatten)]
    force: ForceArgs,

    /// What may be spent: 12%, 20kD (sign decisions), 1.5MB or 0.2s; several with commas between them
    #[arg(long, value_name = "BUDGET", value_delimiter = ',', required_unless_present = "front")]
    budget: Vec<Given>,

    /// Write all choices on the lower hull of costs and distortions as CSV: cost, share, distortion, drelus, bytes,
    /// unit (of the cost)
    #[arg(long, value_name = "FILE")]
    front: Option<PathBuf>,

    #[command(flatten)]
    costs: CostArgs,

    #[command(flatten)]
    constraints: ConstraintArgs,

    /// Choose the width of each layer's comparison windows as well (costs in bytes or seconds)
    #[arg(long)]
    windows: bool,

    /// What is chosen
    #[arg(long, value_name = "WHICH", default_value = "best", conflicts_with = "windows")]
    choose: Which,

    /// For --choose random: the seed
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,

    #[command(flatten)]
    refine: RefineArgs,
}

/// Which choice is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The least distortion
    Best,
    /// To compare with: the same size everywhere, the best of these
    Uniform,
    /// To compare with: random sizes that cost about the budget
    Random,
}

/// Choices that are not made.
#[derive(Clone, Debug, Args)]
struct ConstraintArgs {
    /// Leave a layer alone: one decision a pixel; `*` stands for any characters; may be repeated
    #[arg(long, value_name = "LAYER")]
    keep: Vec<String>,

    /// Largest blocks, for example 8x8
    #[arg(long, value_name = "HxW", value_parser = decides)]
    largest: Option<BlockSize>,

    /// The first layer decides in every channel: no identity, no zero
    #[arg(long)]
    no_identity_first: bool,

    /// No channel is replaced by zero
    #[arg(long)]
    no_zero: bool,

    /// No channel is passed on as it is
    #[arg(long)]
    no_identity: bool,
}

/// A budget as it was written.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    budget: Budget,
}

impl std::str::FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), budget: text.parse()? })
    }
}

fn decides(text: &str) -> Result<BlockSize, String> {
    let size: BlockSize = text.parse()?;
    if size.decides() { Ok(size) } else { Err("not rows and columns of a block: write 8x8".into()) }
}

impl From<ConstraintArgs> for Constraints {
    fn from(args: ConstraintArgs) -> Self {
        Self {
            keep: args.keep,
            largest: args.largest,
            first_decides: args.no_identity_first,
            no_zero: args.no_zero,
            no_identity: args.no_identity,
        }
    }
}

impl Knapsack {
    pub(crate) fn run(self) -> Result<()> {
        let model = self.costs.model()?;
        ensure!(
            !self.windows || model.unit() != CostUnit::Drelus,
            "--windows needs costs that depend on them: give --cost bytes or --cost seconds"
        );
        let outs = self.outs()?;
        self.force.check(&outs)?;
        self.force.check(self.front.as_slice())?;
        let bar = Bar::spinner("reading distortions");
        let table = read_table(&self.table)?;
        let constraints = self.constraints.clone().into();
        let problem = Problem::new(&table, &model, &constraints)
            .with_context(|| format!("cannot choose sizes from {}", self.table.display()))?;
        let mut answers = Vec::new();
        for (given, out) in self.budget.iter().zip(outs) {
            bar.say(format!("solving for {}", given.text));
            answers.push(self.answer(&problem, given, out)?);
        }
        self.refine(&table, &problem, &mut answers)?;
        let front = self.front.is_some().then(|| problem.front()).transpose()?;
        drop(bar);
        write(self.choose, &problem, &answers, self.front.as_deref().zip(front.as_ref()))?;
        let text = match &answers[..] {
            [answer] => one(&table, &problem, answer),
            answers => several(&table, &problem, answers),
        };
        let front = self.front.iter().zip(&front);
        let front: String = front.map(|(path, front)| describe::front(path, front)).collect();
        Ok(print(format_args!("{text}{front}"))?)
    }

    fn answer(&self, problem: &Problem<'_>, given: &Given, out: PathBuf) -> Result<Answer> {
        let begin = Instant::now();
        let budget = given.budget.resolve(problem.model(), problem.baseline());
        let solve = |budget| match self.choose {
            Which::Best if self.windows => problem.solve_windows(budget),
            Which::Best => problem.solve(budget),
            Which::Uniform => problem.uniform(budget),
            Which::Random => problem.random(budget, self.seed),
        };
        let solved = budget.and_then(|budget| Ok((budget, solve(budget)?)));
        let (budget, solution) = solved.with_context(|| format!("--budget {}", given.text))?;
        Ok(Answer {
            given: given.text.clone(),
            budget,
            solution,
            measured: None,
            seconds: begin.elapsed(),
            out,
        })
    }

    fn refine(&self, table: &Table, problem: &Problem<'_>, answers: &mut [Answer]) -> Result<()> {
        let Some(samples) = self.refine.read(table)? else { return Ok(()) };
        let around = self.refine.around(table, &samples)?;
        let runtime = net::runtime()?;
        let stop = on_interrupt(runtime.handle(), || note(format_args!("writing what there is")));
        self.refine.run(problem, &around, answers, &stop)?;
        runtime.shutdown_background();
        Ok(())
    }

    /// The names of the specs.
    fn outs(&self) -> Result<Vec<PathBuf>> {
        let Some(out) = &self.out else { return Ok(Vec::new()) };
        ensure!(!self.budget.is_empty(), "-o needs a --budget: give one, or only --front");
        let outs: Vec<_> = match &self.budget[..] {
            [_] => vec![out.clone()],
            budgets => budgets.iter().map(|given| numbered(out, given)).collect(),
        };
        let twice = outs.iter().enumerate().find(|(at, name)| outs[..*at].contains(name));
        ensure!(twice.is_none(), "the same --budget is given twice: leave one out");
        Ok(outs)
    }
}

/// `prefix-12.json` for 12%, `prefix-1.5MB.json` for 1.5MB.
fn numbered(out: &Path, given: &Given) -> PathBuf {
    let stem = if out.extension().is_some_and(|ending| ending == "json") {
        out.with_extension("")
    } else {
        out.into()
    };
    let mut name = stem.into_os_string();
    name.push(format!("-{}.json", given.text.trim_end_matches('%')));
    name.into()
}

fn write(
    which: Which,
    problem: &Problem<'_>,
    answers: &[Answer],
    front: Option<(&Path, &Front)>,
) -> Result<()> {
    let mut files = Vec::new();
    for answer in answers {
        let mut spec = problem.spec(&answer.solution, answer.budget, &[how(which, answer)]);
        if let Some(origin) = &mut spec.origin {
            origin.measured = answer.measured;
        }
        files.push((answer.out.clone(), serde_json::to_string_pretty(&spec)? + "\n"));
    }
    if let Some((path, front)) = front {
        files.push((path.into(), csv(problem, front)));
    }
    let borrowed: Vec<_> =
        files.iter().map(|(path, text)| (path.clone(), Access::Public, text.as_bytes())).collect();
    write_all(&borrowed)
}

fn how(which: Which, answer: &Answer) -> String {
    match (&answer.solution.windows, answer.measured) {
        _ if which == Which::Uniform => "the same size everywhere".into(),
        _ if which == Which::Random => "random sizes".into(),
        (Some(_), _) => "widths of windows by Lagrangian relaxation, sizes exactly for them".into(),
        (None, None) => "sizes found exactly".into(),
        (None, Some(_)) => "sizes found exactly, then exchanged by the measured error of the output".into(),
    }
}

fn csv(problem: &Problem<'_>, front: &Front) -> String {
    let unit = problem.model().unit().name();
    let mut text = String::from("cost,share,distortion,drelus,bytes,unit\n");
    for row in problem.rows(front) {
        text +=
            &format!("{},{},{:e},{},{},{unit}\n", row.cost, row.share, row.distortion, row.drelus, row.bytes);
    }
    text
}

/// A time for the summary.
fn took(answer: &Answer) -> String {
    seconds(answer.seconds.as_secs_f64())
}
