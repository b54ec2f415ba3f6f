//! Regenerates the client-dealer component of any tensor, piece by piece, from the pair key.
//!
//! Inputs, linear outputs and block-ReLU outputs are masked by fresh randomness, so their component is a stream. What is
//! computed from them locally is computed here the same way, element ranges in, element ranges out, with a few
//! temporary rows ([`crate::plan::Demands`]).

use core::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use crate::plan::{Axis, Channel, Channels, Edge, Node, NodeId, Op, Plan};
use crate::prf::{Address, Kind, PairKey, Stream};
use crate::protocol::extend;
use crate::ring;
use crate::share::Wiped;

/// The client-dealer components of one inference.
#[derive(Clone, Copy, Debug)]
pub struct Masks<'a> {
    plan: &'a Plan<'a>,
    key: &'a PairKey,
    inference: u64,
}

impl<'a> Masks<'a> {
    /// Components under the client-dealer key.
    pub fn new(plan: &'a Plan<'a>, key: &'a PairKey, inference: u64) -> Self {
        Self { plan, key, inference }
    }

    /// The plan whose tensors these are components of.
    pub fn plan(&self) -> &'a Plan<'a> {
        self.plan
    }

    /// The stream of `kind` at `node`.
    pub fn stream(&self, node: NodeId, kind: Kind) -> Stream {
        debug_assert!(belongs(kind, &self.plan.node(node).op), "{kind:?} has no purpose at node {node}");
        self.key.stream(Address::new(self.inference, node, kind))
    }

    /// The key that the mask of the input, and nothing else, is made from; see [`input_mask`].
    pub fn input_key(&self) -> PairKey {
        let mut words = Wiped::new([0; PairKey::LEN / 4]);
        self.stream(0, Kind::CdInputKey).fill(32, 0, &mut words);
        let mut key = Zeroizing::new([0; PairKey::LEN]);
        for (bytes, word) in key.as_chunks_mut::<4>().0.iter_mut().zip(words.iter()) {
            *bytes = word.to_le_bytes();
        }
        PairKey::new(*key)
    }

    /// Words of scratch that let [`Self::read`] work on pieces of at least `piece` elements.
    pub fn scratch_words(plan: &Plan<'_>, piece: usize) -> usize {
        let demands = plan.demands();
        usize::from(demands.levels) * piece.max(demands.widest as usize)
    }

    /// Elements `first ..` of the component of tensor `id`, modulo 2^bits of its ring, channel by channel.
    ///
    /// `scratch` has at least [`Self::scratch_words`] words.
    pub fn read(&self, id: NodeId, first: usize, out: &mut [u32], scratch: &mut [u32]) {
        let levels = usize::from(self.plan.demands().levels);
        let piece = scratch.len().checked_div(levels).unwrap_or(out.len()).max(1);
        for (index, out) in out.chunks_mut(piece).enumerate() {
            self.piece(id, first + index * piece, out, scratch);
        }
    }

    fn piece(&self, id: NodeId, first: usize, out: &mut [u32], scratch: &mut [u32]) {
        let node = self.plan.node(id);
        match &node.op {
            Op::Input => input_mask(&self.input_key(), self.inference).fill(node.bits, first as u64, out),
            Op::Linear { .. } => self.stream(id, Kind::CdPreActivation).fill(node.bits, first as u64, out),
            Op::Offset { input } | Op::Reshape { input } => self.piece(*input, first, out, scratch),
            Op::Shift { input, by } => {
                self.piece(*input, first, out, scratch);
                ring::shift(out, *by);
            }
            Op::Add { left, right, subtract } => {
                self.piece(*left, first, out, scratch);
                let (other, scratch) = scratch.split_at_mut(out.len());
                self.piece(*right, first, other, scratch);
                if *subtract { ring::sub(out, other) } else { ring::add(out, other) }
            }
            Op::Concat { inputs } => self.concat(inputs, first, out, scratch),
            Op::View { input, axes, edge } => self.rows(&node, first, out, |place, row| {
                self.view(*input, axes, *edge, place, row, scratch);
            }),
            Op::SumPool { input, kernel, stride, pads } => self.rows(&node, first, out, |place, row| {
                self.pool(*input, [*kernel, *stride, *pads], place, row, scratch);
            }),
            Op::Activation { input, channels, .. } => {
                self.activation(id, &node, *input, *channels, first, out, scratch)
            }
        }
        ring::reduce(out, node.bits);
    }

    fn concat(&self, inputs: &[NodeId], first: usize, out: &mut [u32], scratch: &mut [u32]) {
        let mut start = 0;
        for input in inputs {
            let len = self.plan.node(*input).shape.len();
            let common = overlap(start..start + len, first..first + out.len());
            if !common.is_empty() {
                let part = &mut out[common.start - first..common.end - first];
                self.piece(*input, common.start - start, part, scratch);
            }
            start += len;
        }
    }

    /// Splits a range of elements at the ends of rows.
    fn rows(&self, node: &Node<'_>, first: usize, out: &mut [u32], mut each: impl FnMut(Place, &mut [u32])) {
        let (height, width) = (node.shape.height as usize, node.shape.width as usize);
        let (mut at, end) = (first, first + out.len());
        while at < end {
            let stop = ((at / width + 1) * width).min(end);
            let row = at / width;
            let place = Place {
                channel: (row / height) as u32,
                row: (row % height) as u32,
                columns: (at % width) as u32..(at % width + stop - at) as u32,
            };
            each(place, &mut out[at - first..stop - first]);
            at = stop;
        }
    }

    fn view(
        &self,
        input: NodeId,
        axes: &[Axis; 3],
        edge: Edge,
        place: Place,
        out: &mut [u32],
        scratch: &mut [u32],
    ) {
        let from = self.plan.node(input).shape;
        let channel = edge.resolve(axes[0].source(place.channel), from.channels);
        let row = edge.resolve(axes[1].source(place.row), from.height);
        let column = |column| edge.resolve(axes[2].source(column), from.width);
        out.fill(0);
        let (Some(channel), Some(row)) = (channel, row) else { return };
        let touched = place.columns.clone().filter_map(column);
        let Some((low, high)) = touched.fold(None, |ends: Option<(u32, u32)>, at| {
            Some(ends.map_or((at, at), |(low, high)| (low.min(at), high.max(at))))
        }) else {
            return;
        };
        let (source, scratch) = scratch.split_at_mut((high - low + 1) as usize);
        let start = (channel as usize * from.height as usize + row as usize) * from.width as usize;
        self.piece(input, start + low as usize, source, scratch);
        for (out, at) in out.iter_mut().zip(place.columns) {
            *out = column(at).map_or(0, |at| source[(at - low) as usize]);
        }
    }

    fn pool(&self, input: NodeId, window: [[u16; 2]; 3], place: Place, out: &mut [u32], scratch: &mut [u32]) {
        let from = self.plan.node(input).shape;
        let [kernel, stride, pads] = window;
        let rows = span(place.row, kernel[0], stride[0], pads[0], from.height);
        let left = span(place.columns.start, kernel[1], stride[1], pads[1], from.width).start;
        let right = span(place.columns.end - 1, kernel[1], stride[1], pads[1], from.width).end;
        let (source, scratch) = scratch.split_at_mut((right - left) as usize);
        out.fill(0);
        for row in rows {
            let start = (place.channel as usize * from.height as usize + row as usize) * from.width as usize;
            self.piece(input, start + left as usize, source, scratch);
            for (out, column) in out.iter_mut().zip(place.columns.clone()) {
                let window = span(column, kernel[1], stride[1], pads[1], from.width);
                let window = &source[(window.start - left) as usize..(window.end - left) as usize];
                *out = window.iter().fold(*out, |sum, value| sum.wrapping_add(*value));
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn activation(
        &self,
        id: NodeId,
        node: &Node<'_>,
        input: NodeId,
        channels: Channels<'_>,
        first: usize,
        out: &mut [u32],
        scratch: &mut [u32],
    ) {
        let (plane, end) = (node.shape.plane(), first + out.len());
        let mut at = first;
        while at < end {
            let kind = MaskKind::of(channels.get(at / plane));
            let mut next = at / plane + 1;
            while next * plane < end && MaskKind::of(channels.get(next)) == kind {
                next += 1;
            }
            let stop = (next * plane).min(end);
            let part = &mut out[at - first..stop - first];
            match kind {
                MaskKind::Zero => part.fill(0),
                MaskKind::Fresh => self.stream(id, Kind::CdActivation).fill(node.bits, at as u64, part),
                MaskKind::Extended => self.extended(id, node.bits, input, at, part, scratch),
            }
            at = stop;
        }
    }

    fn extended(
        &self,
        id: NodeId,
        bits: u8,
        input: NodeId,
        first: usize,
        out: &mut [u32],
        scratch: &mut [u32],
    ) {
        self.piece(input, first, out, scratch);
        let n = self.plan.node(input).bits;
        if bits == n {
            return;
        }
        let mut stream = self.stream(id, Kind::CdExtend);
        let mut q = [0; 64];
        for (index, out) in out.chunks_mut(q.len()).enumerate() {
            let q = &mut q[..out.len()];
            stream.fill(bits - n, (first + index * 64) as u64, q);
            extend::mask(out, q, n, bits);
        }
        q.as_mut_slice().zeroize();
    }
}

/// `x_cd`, the mask of the input of an inference, from its key ([`Masks::input_key`]).
pub fn input_mask(key: &PairKey, inference: u64) -> Stream {
    key.stream(Address::new(inference, 0, Kind::CdInput))
}

/// Whether randomness of this kind has a purpose at an operation.
fn belongs(kind: Kind, op: &Op<'_>) -> bool {
    match kind {
        Kind::CdInputKey => matches!(op, Op::Input),
        Kind::CdZeta | Kind::CdPreActivation => matches!(op, Op::Linear { .. }),
        Kind::CdTable
        | Kind::CdLam
        | Kind::CdLamMask
        | Kind::CdCarry
        | Kind::CdTop
        | Kind::CdLamTop
        | Kind::CdActivation
        | Kind::CdCross
        | Kind::CdExtend => matches!(op, Op::Activation { .. }),
        // Under a key of its own.
        Kind::CdInput => false,
        Kind::SdWindow | Kind::SdPreActivation | Kind::SdExtend | Kind::CsWeights | Kind::DLam => false,
    }
}

/// Part of one row.
#[derive(Debug)]
struct Place {
    channel: u32,
    row: u32,
    columns: Range<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MaskKind {
    Zero,
    Fresh,
    Extended,
}

impl MaskKind {
    fn of(channel: Channel) -> Self {
        match channel {
            Channel::Zero => MaskKind::Zero,
            Channel::Blocks { .. } => MaskKind::Fresh,
            Channel::Identity => MaskKind::Extended,
        }
    }
}

fn overlap(a: Range<usize>, b: Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// The input indices that window `index` of a pooling covers, cut to the map.
pub fn span(index: u32, kernel: u16, stride: u16, pad: u16, size: u32) -> Range<u32> {
    let start = i64::from(index) * i64::from(stride) - i64::from(pad);
    let cut = |at: i64| at.clamp(0, i64::from(size)) as u32;
    cut(start)..cut(start + i64::from(kernel))
}
