//! What a plan's answer is and costs.

use brelu_core::cost::{self, layouts};
use brelu_core::plan::{Answer, Channel, Local, NodeId, Op, Plan};
use serde::Serialize;

use super::Bytes;
use brelu_networks::numbers::{bytes, count};

/// The last part of a plan: what chooses labels, if only they are opened, and the opening.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerReport {
    /// Labels that are opened for every pixel of the output; none if scores are.
    pub labels: Option<u32>,
    /// Scores of a pixel.
    pub classes: u32,
    /// Bits of each element that is opened.
    pub bits: u8,
    /// What choosing and opening send.
    pub bytes: Bytes,
    /// Round trips of the choice.
    pub round_trips: u32,
    /// Sign decisions of the choice.
    pub decisions: u64,
}

impl AnswerReport {
    /// Of a plan.
    pub fn new(plan: &Plan<'_>) -> Self {
        let output = plan.output_id();
        let opening = cost::opening(plan, output).to_bytes();
        let mut report = Self {
            labels: plan.header().answer.labels(),
            classes: plan.scores().channels,
            bits: plan.output().bits,
            bytes: Bytes::default(),
            round_trips: 0,
            decisions: 0,
        };
        let first = match plan.header().answer {
            Answer::Scores => plan.len() as NodeId,
            Answer::Labels { .. } => choice(plan),
        };
        let mut sent = opening;
        for id in first..plan.len() as NodeId {
            sent += cost::step(plan, id).to_bytes();
            let first_of_flight = plan.flight(id - 1).is_empty() && !plan.flight(id).is_empty();
            report.round_trips += u32::from(first_of_flight);
            report.decisions += decisions(plan, id);
        }
        Self { bytes: sent.into(), ..report }
    }

    /// For people.
    pub fn text(&self) -> String {
        let opened = bytes(self.bytes.total);
        let Some(labels) = self.labels else { return format!("scores of {} bits, {opened}", self.bits) };
        let what = match labels {
            1 => "the label of the largest".into(),
            _ => format!("the labels of the {labels} largest"),
        };
        format!(
            "{what} of {} scores, {} bits each; choosing takes {opened}, {} round trips, {} decisions",
            self.classes,
            self.bits,
            self.round_trips,
            count(self.decisions)
        )
    }
}

/// Where the choice of labels begins: scores are shifted there, and nowhere else.
fn choice(plan: &Plan<'_>) -> NodeId {
    let shift = plan.nodes().find(|(_, node)| matches!(node.op, Op::Local(Local::Shift { .. })));
    shift.map_or(plan.len() as NodeId, |(id, _)| id)
}

fn decisions(plan: &Plan<'_>, id: NodeId) -> u64 {
    layouts(plan, &plan.node(id))
        .filter(|layout| matches!(layout.channel, Channel::Blocks { .. }))
        .map(|layout| layout.tiling.len() as u64)
        .sum()
}
