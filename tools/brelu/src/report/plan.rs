//! A plan as a report: what it does and costs, layer by layer.

use brelu_core::client::Memory;
use brelu_core::cost::{self, layouts};
use brelu_core::geometry::Shape;
use brelu_core::plan::{Answer, Channel, ColourOrder, Fit, Header, Interpolation, Node, NodeId, Op, Plan};
use serde::Serialize;

use super::{AnswerReport, Bytes};

/// A whole plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// Name of the network.
    pub name: String,
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Channels, height and width of the input.
    pub input: [u32; 3],
    /// Channels, height and width of the output.
    pub output: [u32; 3],
    /// How a picture becomes the input.
    pub preprocess: String,
    /// How the client brings a map to the input's size; none for networks that classify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upsampling: Option<String>,
    /// One unit of the output is worth this much.
    pub output_scale: f32,
    /// Calibrated magnitudes times this factor fit the ranges.
    pub margin: f32,
    /// Number of labels.
    pub labels: usize,
    /// Outputs before the first class.
    pub class_offset: u32,
    /// What is opened.
    pub answer: AnswerReport,
    /// The nodes.
    pub layers: Vec<LayerReport>,
    /// Bytes of one inference.
    pub bytes: Bytes,
    /// Round trips between input and output.
    pub round_trips: u32,
    /// Elements of activations that are not constant zero.
    pub pixels: u64,
    /// Sign decisions.
    pub decisions: u64,
    /// Products of linear layers.
    pub macs: u64,
    /// Bytes of working memory a client needs at least.
    pub client_bytes_least: u64,
    /// Bytes of working memory beyond which a client gets no faster.
    pub client_bytes_best: u64,
}

/// One node of a plan.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LayerReport {
    /// Its index.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// What it does.
    pub op: String,
    /// The nodes it reads.
    pub inputs: Vec<NodeId>,
    /// Channels, height and width.
    pub shape: [u32; 3],
    /// Bits of its ring: n after a linear layer, K after an activation.
    pub bits: u8,
    /// Bits of the ring it reads, of activations and linear layers (where it is the accumulator's).
    pub from_bits: Option<u8>,
    /// Fraction bits a linear layer drops.
    pub fraction: Option<u8>,
    /// Width of the comparisons of an activation, in bits.
    pub window: Option<u8>,
    /// Lowest and highest position of a comparison window.
    pub positions: Option<[u8; 2]>,
    /// Sign decisions.
    pub blocks: u64,
    /// Pixels that a decision multiplies.
    pub pixels: u64,
    /// Pixels passed on as they are.
    pub identity: u64,
    /// Pixels replaced by zero.
    pub zero: u64,
    /// Products.
    pub macs: u64,
    /// What it sends.
    pub bytes: Bytes,
}

impl PlanReport {
    /// Describes a plan.
    pub fn new(plan: &Plan<'_>) -> Self {
        let (header, total) = (plan.header(), cost::total(plan));
        let layers: Vec<LayerReport> = (0..plan.len() as NodeId).map(|id| layer(plan, id)).collect();
        Self {
            name: header.name.into(),
            file_bytes: plan.bytes().len(),
            input: sizes(plan.input().shape),
            output: sizes(plan.output().shape),
            preprocess: preprocess(plan),
            upsampling: (plan.output().shape.plane() > 1).then(|| upsampling(header)),
            output_scale: header.output_scale,
            margin: header.margin,
            labels: header.labels.lines().count(),
            class_offset: header.class_offset,
            answer: AnswerReport::new(plan),
            bytes: total.bytes.into(),
            round_trips: total.round_trips,
            pixels: total.pixels,
            decisions: total.decisions,
            macs: layers.iter().map(|layer| layer.macs).sum(),
            layers,
            client_bytes_least: Memory::least(plan) as u64 * 4,
            client_bytes_best: Memory::best(plan) as u64 * 4,
        }
    }
}

/// An interpolation for people.
pub const fn interpolation_text(interpolation: Interpolation) -> &'static str {
    match interpolation {
        Interpolation::HalfPixel => "bilinear, half-pixel",
        Interpolation::AlignCorners => "bilinear, align-corners",
        Interpolation::Asymmetric => "bilinear, asymmetric",
    }
}

/// Labels are not interpolated.
fn upsampling(header: &Header<'_>) -> String {
    let scores = interpolation_text(header.interpolation);
    match header.answer {
        Answer::Scores => scores.into(),
        Answer::Labels { .. } => scores.replacen("bilinear", "nearest", 1),
    }
}

fn sizes(shape: Shape) -> [u32; 3] {
    [shape.channels, shape.height, shape.width]
}

fn preprocess(plan: &Plan<'_>) -> String {
    let header = &plan.header().preprocess;
    let order = match header.order {
        ColourOrder::Rgb => "RGB",
        ColourOrder::Bgr => "BGR",
        ColourOrder::Grey => "grey",
    };
    let shape = plan.input().shape;
    let fit = match header.fit {
        Fit::Exact => format!("exactly {} x {} pixels", shape.width, shape.height),
        Fit::Stretch => format!("stretched to {} x {} pixels", shape.width, shape.height),
        Fit::CenterCrop { short_side: side } => {
            format!("short side to {side} pixels, then the centre {} x {}", shape.width, shape.height)
        }
        Fit::Pad { colour: [r, g, b] } => {
            format!(
                "fitted into {} x {} pixels, the rest filled with ({r}, {g}, {b})",
                shape.width, shape.height
            )
        }
    };
    let affine: Vec<String> =
        header.affine.iter().map(|[mul, add]| format!("round(pixel * {mul} + {add})")).collect();
    format!("{order}, {fit}, {}", affine.join(", "))
}

fn layer(plan: &Plan<'_>, id: NodeId) -> LayerReport {
    let node = plan.node(id);
    let mut report = LayerReport {
        node: id,
        name: node.name.into(),
        op: operation(&node),
        shape: sizes(node.shape),
        bits: node.bits,
        inputs: node.op.inputs().to_vec(),
        macs: node.op.terms().iter().map(|term| term.map.fan_in() as u64 * node.shape.len() as u64).sum(),
        bytes: cost::node_bytes(plan, id).into(),
        ..LayerReport::default()
    };
    if let Op::Linear { fraction, .. } | Op::Product { fraction, .. } = node.op {
        report.from_bits = Some(node.accumulator_bits());
        report.fraction = Some(fraction);
    }
    activation(plan, &node, &mut report);
    report
}

fn activation(plan: &Plan<'_>, node: &Node<'_>, report: &mut LayerReport) {
    let Op::Activation { input, window, .. } = node.op else { return };
    report.from_bits = Some(plan.node(input).bits);
    for layout in layouts(plan, node) {
        let plane = layout.plane as u64;
        match layout.channel {
            Channel::Blocks { lo, .. } => {
                report.window = Some(window);
                let [low, high] = report.positions.unwrap_or([lo, lo]);
                report.positions = Some([low.min(lo), high.max(lo)]);
                report.blocks += layout.tiling.len() as u64;
                report.pixels += plane;
            }
            Channel::Identity => report.identity += plane,
            Channel::Zero => report.zero += plane,
        }
    }
}

fn operation(node: &Node<'_>) -> String {
    match &node.op {
        Op::Input => "input".into(),
        Op::Linear { terms, .. } => {
            let text = terms.iter().map(|term| {
                let map = &term.map;
                match map.input.plane() {
                    1 => "dense".to_owned(),
                    _ if map.groups > 1 => {
                        format!("conv {}x{} g{}", map.kernel[0], map.kernel[1], map.groups)
                    }
                    _ => format!("conv {}x{}", map.kernel[0], map.kernel[1]),
                }
            });
            text.collect::<Vec<_>>().join(" + ")
        }
        Op::Local(local) => local.to_string(),
        Op::Product { .. } => "product".into(),
        Op::Activation { channels, .. } => {
            let blocks = |channel: Channel| matches!(channel, Channel::Blocks { .. });
            match channels.knots() {
                _ if !channels.iter().any(blocks) => "extend".into(),
                0..=2 => "block-ReLU".into(),
                knots => format!("{knots} knots"),
            }
        }
    }
}
