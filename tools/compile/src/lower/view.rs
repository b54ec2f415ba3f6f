use brelu_core::plan;

use super::super::CompileError;
use brelu_networks::graph::Axis;

/// What a plan's view picks.
pub(super) fn picks(name: &str, axes: [&Axis; 3]) -> Result<plan::Picks, CompileError> {
    let [channels, rows, columns] = axes.map(axis);
    let problem = "it steps further than a plan can say (65536): rewrite it as slices";
    match (channels, rows, columns) {
        (Some(channels), Some(rows), Some(columns)) => {
            Ok(plan::Picks { axes: [channels, rows, columns], edge: plan::Edge::Zero })
        }
        _ => Err(CompileError::node(name, problem)),
    }
}

fn axis(axis: &Axis) -> Option<plan::Axis> {
    let num = i32::try_from(axis.num).ok().filter(|num| num.unsigned_abs() <= 1 << 16)?;
    let add = i32::try_from(axis.add).ok().filter(|add| add.unsigned_abs() <= 1 << 28)?;
    let den = i32::try_from(axis.den).ok().filter(|den| *den >= 1)?;
    Some(plan::Axis { num, add, den })
}
