use std::path::{Path, PathBuf};
use std::time::Duration;

use brelu::report::{Lines, Table};
use brelu_budget::distortion::Table as Distortions;
use brelu_budget::knapsack::{Front, LayerRow, Problem, Solution, describe};

use brelu_networks::numbers::{bytes, count, percent, seconds};

use super::took;
use crate::cmd::arguments::shape_text;

/// A budget with its solution.
pub(super) struct Answer {
    /// As it was written.
    pub(super) given: String,
    /// In the solver's numbers.
    pub(super) budget: u64,
    pub(super) solution: Solution,
    /// The measured mean squared change of the output, if the choice was refined.
    pub(super) measured: Option<f64>,
    pub(super) seconds: Duration,
    pub(super) out: PathBuf,
}

/// One answer, with where its budget goes.
pub(super) fn one(table: &Distortions, problem: &Problem<'_>, answer: &Answer) -> String {
    let solution = &answer.solution;
    let mut text = head(table, problem);
    let budget = problem.model().describe(answer.budget);
    text.pair("budget", format_args!("{} = {budget}", answer.given));
    let share = share(problem, solution.cost);
    text.pair("cost", format_args!("{}, {share}", problem.model().describe(solution.cost)));
    let drelus = count(problem.drelus(solution));
    text.pair(
        "decisions",
        format_args!("{drelus} DReLUs, {} in these layers", bytes(problem.bytes(solution))),
    );
    let relative = relative(table, solution.distortion);
    text.pair("distortion", format_args!("{:.4e}, {relative} of the output's power", solution.distortion));
    text.pair("proof", proof(solution));
    text.pair("took", took(answer));
    text.line("layers");
    text.block(layers(problem, solution));
    text.pair("wrote", answer.out.display());
    text.to_string()
}

/// Several answers, a line each.
pub(super) fn several(table: &Distortions, problem: &Problem<'_>, answers: &[Answer]) -> String {
    let mut text = head(table, problem);
    if answers.is_empty() {
        return text.to_string();
    }
    let head =
        ["budget", "cost", "share", "DReLUs", "bytes", "distortion", "relative", "proof", "took", "wrote"];
    let mut rows = Table::new(head, 1);
    for answer in answers {
        let solution = &answer.solution;
        rows.row([
            answer.given.clone(),
            problem.model().describe(solution.cost),
            share(problem, solution.cost),
            count(problem.drelus(solution)),
            bytes(problem.bytes(solution)),
            format!("{:.4e}", solution.distortion),
            relative(table, solution.distortion),
            if solution.optimal { "optimal".into() } else { format!("gap {}", gap(solution)) },
            took(answer),
            answer.out.display().to_string(),
        ]);
    }
    text.block(rows);
    text.to_string()
}

/// What was written of a front.
pub(super) fn front(path: &Path, front: &Front) -> String {
    let mut text = Lines::new(12);
    text.pair("front", format_args!("{} choices in {}", count(front.points().len() as u64), path.display()));
    text.to_string()
}

fn head(table: &Distortions, problem: &Problem<'_>) -> Lines {
    let mut text = Lines::new(12);
    let (channels, choices) = problem.size();
    let layers = table.layers.len();
    text.pair("network", &table.provenance.network);
    text.pair(
        "choices",
        format_args!("{} for {} channels of {layers} layers", count(choices as u64), count(channels as u64)),
    );
    let baseline = problem.model().describe(problem.baseline());
    text.pair("every ReLU", baseline);
    if let Some(timing) = problem.model().timing() {
        let constant = layers as f64 * timing.link.round_trip;
        text.pair("round trips", format_args!("{} more, one a layer, whatever is chosen", seconds(constant)));
    }
    text
}

fn share(problem: &Problem<'_>, cost: u64) -> String {
    percent(cost as f64 / (problem.baseline() as f64).max(1.0))
}

fn relative(table: &Distortions, distortion: f64) -> String {
    let power = table.provenance.output_power;
    if power > 0.0 { percent(distortion / power) } else { "unknown".into() }
}

fn gap(solution: &Solution) -> String {
    percent((solution.distortion - solution.bound) / solution.distortion.max(f64::MIN_POSITIVE))
}

fn proof(solution: &Solution) -> String {
    match solution.optimal {
        true => "no choice within the budget has less distortion".into(),
        false => {
            format!("no choice has less than {:.4e}: the gap is at most {}", solution.bound, gap(solution))
        }
    }
}

fn layers(problem: &Problem<'_>, solution: &Solution) -> Table {
    let head = ["  layer", "shape", "cost", "share", "DReLUs", "identity", "zero", "window", "distortion"];
    let mut table = Table::new(head, 2);
    let unit = problem.model().unit();
    let all = (solution.cost as f64 / problem.model().scale()).max(f64::MIN_POSITIVE);
    for row in problem.layer_rows(solution) {
        let LayerRow { name, shape, window, cost, drelus, identity, zero, distortion } = row;
        table.row([
            format!("  {name}"),
            shape_text(shape),
            describe(unit, cost),
            percent(cost / all),
            count(drelus),
            identity.to_string(),
            zero.to_string(),
            window.map_or("-".into(), |width| width.to_string()),
            format!("{distortion:.2e}"),
        ]);
    }
    table
}
