//! What a person wants to know about a compilation.

use brelu_core::plan::{Channel, NodeId, Op, Plan};
use brelu_host::weights::Weights;
use serde::Serialize;

use super::calibrate::Seen;
use super::scales::Scales;
use super::{Criterion, FitReport, Format, LabelReport, Point, Trial, net};

/// The choices of the compiler and what they rest on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The chosen format.
    pub format: Format,
    /// Factor that calibrated magnitudes are multiplied by before they must fit their ranges.
    pub margin: f32,
    /// What a format has to reach.
    pub criterion: Criterion,
    /// The chosen format on the calibration images: the best there is if none reaches that.
    pub chosen: Trial,
    /// The error of the median picture that the format was chosen for; none if it was given.
    pub aim: Option<f32>,
    /// Formats around the chosen one, cheapest first; none if the format was given.
    pub front: Vec<Point>,
    /// All formats that were tried, in order.
    pub trials: Vec<Trial>,
    /// Whether scores are opened without rounding: they have K bits then, and f more bits a score and link are sent than the
    /// trials say.
    pub exact: bool,
    /// Round trips of one inference: one for every group of activation layers that are answered together.
    pub round_trips: usize,
    /// Activation layers in the order of the plan.
    pub activations: Vec<ActivationReport>,
    /// Linear layers in the order of the plan.
    pub linears: Vec<LinearReport>,
    /// Smooth functions and their fits, in the order of the network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<FitReport>,
    /// How labels are found, if only they are opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelReport>,
}

/// Ranges of one activation layer on the calibration images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivationReport {
    /// The node in the plan.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// The largest `|z'| / 2^(n-2)` of any channel: 1 is the limit of the contract.
    pub range: f32,
    /// The largest block sum of any channel, relative to what its comparison window holds.
    pub window: f32,
    /// The lowest and the highest position of a window; none if no channel decides.
    pub positions: Option<[u8; 2]>,
}

/// Weights of one linear layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinearReport {
    /// The node in the plan.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// The largest magnitude of a weight, in units.
    pub largest: u32,
    /// The smallest of the largest weights of the output channels, channels without any left out: below 8 or so,
    /// rounding shows.
    pub coarsest: u32,
}

pub(super) fn activations(
    plan: &Plan<'_>,
    net: &net::Net,
    scales: &Scales,
    seen: &[Vec<Seen>],
) -> Vec<ActivationReport> {
    let mut reports = Vec::new();
    for (id, node) in plan.nodes() {
        let Op::Activation { input, window, channels } = node.op else { continue };
        let limit = f64::from(plan.node(input).bits - 2).exp2();
        let mut report =
            ActivationReport { node: id, name: node.name.into(), range: 0.0, window: 0.0, positions: None };
        let at = usize::from(id);
        debug_assert_eq!(net.nodes[at].name, node.name);
        for (index, channel) in channels.iter().enumerate().filter(|(_, channel)| *channel != Channel::Zero) {
            let scale = scales.of(usize::from(input), index);
            let largest = seen[usize::from(input)][index].largest();
            report.range = report.range.max((f64::from(largest) / scale / limit) as f32);
            if let Channel::Blocks { lo, .. } = channel {
                let holds = f64::from(lo + window - 1).exp2();
                report.window = report.window.max((f64::from(seen[at][index].block) / scale / holds) as f32);
                let [low, high] = report.positions.unwrap_or([lo, lo]);
                report.positions = Some([low.min(lo), high.max(lo)]);
            }
        }
        reports.push(report);
    }
    reports
}

pub(super) fn linears(plan: &Plan<'_>, weights: &Weights) -> Vec<LinearReport> {
    let mut reports = Vec::new();
    for (id, node) in plan.nodes() {
        let Op::Linear { terms, .. } = &node.op else { continue };
        let rows = |(term, weights): (&brelu_core::plan::Term, &Vec<i32>)| -> Vec<u32> {
            let largest = |row: &[i32]| row.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
            weights.chunks(term.map.fan_in()).map(largest).collect()
        };
        let rows: Vec<u32> =
            terms.iter().zip(weights.linear(id).0).flat_map(rows).filter(|most| *most > 0).collect();
        reports.push(LinearReport {
            node: id,
            name: node.name.into(),
            largest: rows.iter().copied().max().unwrap_or(0),
            coarsest: rows.iter().copied().min().unwrap_or(0),
        });
    }
    reports
}

/// Groups of consecutive activations and products.
pub(super) fn round_trips(plan: &Plan<'_>) -> usize {
    let is_exchange: Vec<bool> = plan.nodes().map(|(_, node)| node.op.is_exchange()).collect();
    is_exchange.windows(2).filter(|pair| pair[1] && !pair[0]).count()
}
