//! Plans put together node by node, with their weights.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{
    Answer, Axis, Channel, Channels, ColourOrder, Edge, Fit, Header, Local, Node, NodeId, Op, Permutation,
    Picks, PiecewiseBuf, Plan, Preprocess, Term, Windows, write,
};
use brelu_host::weights::{NodeWeights, Weights};

/// A plan in the making.
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Vec<(Shape, u8, OwnedOp)>,
    weights: Vec<(NodeId, NodeWeights)>,
    answer: Answer,
    /// What a unit of the input and of the output are worth, if they are said to be worth anything.
    units: Option<[f32; 2]>,
}

#[derive(Debug, Clone)]
enum OwnedOp {
    Plain(Op<'static>),
    Activation { input: NodeId, window: u8, channels: OwnedChannels },
}

#[derive(Debug, Clone)]
struct OwnedChannels {
    knots: u8,
    records: Vec<u8>,
}

impl OwnedChannels {
    fn borrowed(&self) -> Channels<'_> {
        if self.knots == 0 {
            Channels::relu(&self.records)
        } else {
            Channels::piecewise(self.knots, &self.records)
        }
    }
}

impl Builder {
    /// A plan that starts with an input in Z_2^bits.
    pub fn new(shape: Shape, bits: u8) -> Self {
        let mut builder = Self::default();
        builder.push(shape, bits, OwnedOp::Plain(Op::Input));
        builder
    }

    fn push(&mut self, shape: Shape, bits: u8, op: OwnedOp) -> NodeId {
        self.nodes.push((shape, bits, op));
        (self.nodes.len() - 1) as NodeId
    }

    /// Shape of a node.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.nodes[usize::from(id)].0
    }

    /// Ring of a node.
    pub fn bits(&self, id: NodeId) -> u8 {
        self.nodes[usize::from(id)].1
    }

    /// Adds a linear node: maps with their weights, bias, and the fraction bits dropped.
    ///
    /// # Panics
    /// If a map is impossible.
    pub fn linear(&mut self, terms: &[(NodeId, Conv2d, Vec<i32>)], bias: Vec<i32>, n: u8, f: u8) -> NodeId {
        let shape = terms[0].1.output().expect("a possible map");
        let maps = terms.iter().map(|(input, map, _)| Term { input: *input, map: *map }).collect();
        let id = self.push(shape, n, OwnedOp::Plain(Op::Linear { terms: maps, fraction: f }));
        let terms = terms.iter().map(|(_, _, weights)| weights.clone()).collect();
        self.weights.push((id, NodeWeights::Linear { terms, bias }));
        id
    }

    /// Adds an activation layer into Z_2^k.
    pub fn activation(&mut self, input: NodeId, k: u8, window: u8, channels: &[Channel]) -> NodeId {
        let records = channels.iter().flat_map(Channel::record).collect();
        let channels = OwnedChannels { knots: 0, records };
        self.push(self.shape(input), k, OwnedOp::Activation { input, window, channels })
    }

    /// Adds an activation layer of other functions than ReLU into Z_2^k, all of as many knots as the first.
    ///
    /// # Panics
    /// If there is no channel, or one has another number of knots.
    pub fn piecewise(
        &mut self,
        input: NodeId,
        k: u8,
        window: u8,
        channels: &[(Channel, PiecewiseBuf)],
    ) -> NodeId {
        let knots = channels[0].1.view().len() as u8;
        let each = Channels::record_len(knots);
        let mut records = vec![0; each * channels.len()];
        for ((channel, function), record) in channels.iter().zip(records.chunks_exact_mut(each)) {
            channel.write(function.view(), record);
        }
        let channels = OwnedChannels { knots, records };
        self.push(self.shape(input), k, OwnedOp::Activation { input, window, channels })
    }

    /// Adds the product of a tensor and a gate, and the fraction bits dropped.
    pub fn product(&mut self, x: NodeId, gate: NodeId, n: u8, f: u8) -> NodeId {
        self.push(self.shape(x), n, OwnedOp::Plain(Op::Product { inputs: [x, gate], fraction: f }))
    }

    /// Adds a sum or difference modulo 2^bits.
    pub fn add(&mut self, left: NodeId, right: NodeId, subtract: bool, bits: u8) -> NodeId {
        self.push(self.shape(left), bits, local(Local::Add { inputs: [left, right], subtract }))
    }

    /// Adds constants, one a channel.
    pub fn offset(&mut self, input: NodeId, values: Vec<i32>) -> NodeId {
        let id = self.push(self.shape(input), self.bits(input), local(Local::Offset { input }));
        self.weights.push((id, NodeWeights::Offset(values)));
        id
    }

    /// Multiplies by 2^by, into a ring that is larger by as many bits.
    pub fn shift(&mut self, input: NodeId, by: u8) -> NodeId {
        let bits = self.bits(input) + by;
        self.push(self.shape(input), bits, local(Local::Shift { input, by }))
    }

    /// Joins channels.
    pub fn concat(&mut self, inputs: &[NodeId]) -> NodeId {
        let mut shape = self.shape(inputs[0]);
        shape.channels = inputs.iter().map(|input| self.shape(*input).channels).sum();
        let bits = inputs.iter().map(|input| self.bits(*input)).min().unwrap_or(32);
        let inputs = inputs.iter().copied().collect();
        self.push(shape, bits, local(Local::Concat { inputs }))
    }

    /// Sums over windows.
    pub fn sum_pool(
        &mut self,
        input: NodeId,
        kernel: [u16; 2],
        stride: [u16; 2],
        pads: [u16; 2],
        out: [u32; 2],
    ) -> NodeId {
        let shape = Shape::new(self.shape(input).channels, out[0], out[1]);
        let windows = Windows { kernel, stride, pads };
        self.push(shape, self.bits(input), local(Local::SumPool { input, windows }))
    }

    /// Picks elements.
    pub fn view(&mut self, input: NodeId, shape: Shape, axes: [Axis; 3], edge: Edge) -> NodeId {
        self.push(shape, self.bits(input), local(Local::View { input, picks: Picks { axes, edge } }))
    }

    /// The same elements in another order, under another shape.
    pub fn permute(&mut self, input: NodeId, shape: Shape, permutation: Permutation) -> NodeId {
        self.push(shape, self.bits(input), local(Local::Permute { input, permutation }))
    }

    /// The same elements as planes of one pixel.
    pub fn flatten(&mut self, input: NodeId) -> NodeId {
        self.push(self.shape(input).flat(), self.bits(input), local(Local::Reshape { input }))
    }

    /// The same elements modulo 2^bits.
    pub fn low(&mut self, input: NodeId, bits: u8) -> NodeId {
        self.push(self.shape(input), bits, local(Local::Reshape { input }))
    }

    /// Says what the output is.
    #[must_use]
    pub fn answering(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// Says what a unit of the input, and one of the output, are worth.
    #[must_use]
    pub fn worth(mut self, input: f32, output: f32) -> Self {
        self.units = Some([input, output]);
        self
    }

    /// The plan file and what makes its weights.
    ///
    /// # Panics
    /// If the plan cannot be written.
    pub fn finish(self) -> (Vec<u8>, impl FnOnce(&Plan<'_>) -> Weights) {
        let affine = [[1.0, 0.0]].into_iter().collect();
        let preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine };
        let mut header = Header { answer: self.answer, ..Header::new("test", preprocess) };
        if let Some([input, output]) = self.units {
            header.input_scale = [input].into_iter().collect();
            header.output_scale = output;
        }
        let nodes: Vec<Node<'_>> =
            self.nodes.iter().map(|(shape, bits, op)| record(*shape, *bits, op)).collect();
        let mut bytes = vec![0; 1 << 20];
        let len = write(&header, &nodes, &mut bytes).expect("room");
        bytes.truncate(len);
        (bytes, move |plan: &Plan<'_>| Weights::new(plan, self.weights).expect("weights of this plan"))
    }
}

fn local(local: Local) -> OwnedOp {
    OwnedOp::Plain(Op::Local(local))
}

fn record(shape: Shape, bits: u8, op: &OwnedOp) -> Node<'_> {
    let op = match op {
        OwnedOp::Plain(op) => op.clone(),
        OwnedOp::Activation { input, window, channels } => {
            Op::Activation { input: *input, window: *window, channels: channels.borrowed() }
        }
    };
    Node { name: "node", shape, bits, op }
}
