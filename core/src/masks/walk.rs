//! The evaluation of a mask, on frames in its caller's memory: a plan's nodes may be nested as deep as there are nodes, and
//! the stack of a party is small.
//!
//! A frame is a node whose mask is being made in some range of words. It asks for what it reads, one request after the
//! other, and goes on when the request is served. Streams are served at once and need no frame.

use core::ops::Range;

use zeroize::Zeroize;

use super::{MaskKind, Masks, input_mask};
use crate::local::{Local, Permutation, Picks, Windows, overlap};
use crate::plan::{Channels, Node, NodeId, Op, Plan};
use crate::prf::Kind;
use crate::protocol::extend;
use crate::ring;

/// Words of a frame.
pub const FRAME: usize = 7;

/// Elements `first ..` of a node's mask, modulo 2^bits, wanted in `to`. Rows from `rows` on are free.
struct Request {
    id: NodeId,
    bits: u8,
    first: usize,
    to: Words,
    rows: usize,
}

/// Where words lie: in the caller's output, or among the rows.
#[derive(Clone, Copy)]
struct Words {
    inside: bool,
    start: usize,
    len: usize,
}

impl Words {
    fn part(self, range: Range<usize>) -> Self {
        Self { start: self.start + range.start, len: range.len(), ..self }
    }
}

/// A request that is being served.
struct Frame {
    request: Request,
    /// Elements (of joins: parts) that are done.
    at: usize,
    /// What was asked for beyond them: rows of a pooling, elements of an activation, else 0 or 1.
    asked: usize,
}

const INSIDE: u32 = 1 << 31;

impl Frame {
    fn store(&self, words: &mut [u32; FRAME]) {
        let Request { id, bits, first, to, rows } = self.request;
        let inside = if to.inside { INSIDE } else { 0 };
        let numbers = [first, to.start, to.len, rows, self.at, self.asked].map(|number| number as u32);
        words[0] = u32::from(id) | u32::from(bits) << 16 | inside;
        words[1..].copy_from_slice(&numbers);
    }

    fn load(words: &[u32; FRAME]) -> Self {
        let [head, numbers @ ..] = *words;
        let [first, start, len, rows, at, asked] = numbers.map(|number| number as usize);
        let to = Words { inside: head & INSIDE != 0, start, len };
        let request = Request { id: head as NodeId, bits: (head >> 16) as u8 & 63, first, to, rows };
        Self { request, at, asked }
    }

    /// A request for elements of the node's input in place of its own elements `range`.
    fn here(&self, id: NodeId, bits: u8, first: usize, range: Range<usize>) -> Request {
        Request { id, bits, first, to: self.request.to.part(range), rows: self.request.rows }
    }

    /// A request in the first `len` words of the rows.
    fn row(&self, id: NodeId, first: usize, len: usize) -> Request {
        let to = Words { inside: true, start: self.request.rows, len };
        Request { id, bits: self.request.bits, first, to, rows: self.request.rows + len }
    }
}

/// Nodes that stay decoded: those that are read for every row again. Few where there is little stack.
const KEPT: usize = if cfg!(target_pointer_width = "64") { 8 } else { 2 };

/// The nodes of a plan, the last few of them decoded.
struct Nodes<'w> {
    plan: &'w Plan<'w>,
    kept: [Option<(NodeId, Node<'w>)>; KEPT],
}

impl<'w> Nodes<'w> {
    fn get(&mut self, id: NodeId) -> &Node<'w> {
        let kept = &mut self.kept[usize::from(id) % KEPT];
        if kept.as_ref().is_some_and(|(of, _)| *of != id) {
            *kept = None;
        }
        &kept.get_or_insert_with(|| (id, self.plan.node(id))).1
    }
}

/// An evaluation under way.
pub(super) struct Walk<'w> {
    masks: Masks<'w>,
    nodes: Nodes<'w>,
    out: &'w mut [u32],
    frames: &'w mut [[u32; FRAME]],
    rows: &'w mut [u32],
    depth: usize,
}

impl<'w> Walk<'w> {
    /// Puts elements `first ..` of the mask of `id` into `out`. `frames` and `rows` are as many as the plan demands.
    pub(super) fn run(
        masks: Masks<'w>,
        id: NodeId,
        first: usize,
        out: &'w mut [u32],
        frames: &'w mut [[u32; FRAME]],
        rows: &'w mut [u32],
    ) {
        let to = Words { inside: false, start: 0, len: out.len() };
        let mut nodes = Nodes { plan: masks.plan, kept: [const { None }; KEPT] };
        let bits = nodes.get(id).bits;
        let mut walk = Walk { masks, nodes, out, frames, rows, depth: 0 };
        walk.begin(Request { id, bits, first, to, rows: 0 });
        while let Some(last) = walk.depth.checked_sub(1) {
            walk.resume(last);
        }
    }

    /// Serves a request at once, or gives it a frame; whether it was served.
    fn begin(&mut self, mut request: Request) -> bool {
        let mut node = self.nodes.get(request.id);
        // The same elements under another shape, or plus constants that are the server's.
        while let Op::Local(Local::Offset { input } | Local::Reshape { input }) = node.op {
            request.id = input;
            node = self.nodes.get(input);
        }
        let bits = node.bits;
        let (masks, first) = (self.masks, request.first as u64);
        let mut stream = match node.op {
            Op::Input => input_mask(&masks.input_key(), masks.inference),
            Op::Linear { .. } | Op::Product { .. } => masks.stream(request.id, Kind::CdPreActivation),
            _ => {
                Frame { request, at: 0, asked: 0 }.store(&mut self.frames[self.depth]);
                self.depth += 1;
                return false;
            }
        };
        let to = self.words(request.to);
        stream.fill(bits, first, to);
        ring::reduce(to, request.bits);
        true
    }

    /// Goes on with the frame at `depth` until it waits for another one, or is done.
    fn resume(&mut self, depth: usize) {
        let mut frame = Frame::load(&self.frames[depth]);
        let node = self.nodes.get(frame.request.id).clone();
        while let Some(request) = self.step(&node, &mut frame) {
            frame.store(&mut self.frames[depth]);
            if !self.begin(request) {
                return;
            }
        }
        ring::reduce(self.words(frame.request.to), frame.request.bits);
        self.depth = depth;
    }

    /// Takes what was asked for, and asks for the next; `None` when all is there.
    fn step(&mut self, node: &Node<'_>, frame: &mut Frame) -> Option<Request> {
        match &node.op {
            Op::Activation { input, channels, .. } => self.activation(node, frame, *input, *channels),
            Op::Local(local) => match local {
                Local::Add { inputs, subtract } => self.add(frame, *inputs, *subtract),
                Local::Shift { input, by } => self.shift(frame, *input, *by),
                Local::Concat { inputs } => self.concat(frame, inputs),
                Local::View { input, picks } => self.view(node, frame, *input, picks),
                Local::SumPool { input, windows } => self.pool(node, frame, *input, windows),
                Local::Permute { input, permutation } => self.permute(frame, *input, permutation),
                Local::Offset { .. } | Local::Reshape { .. } => None,
            },
            Op::Input | Op::Linear { .. } | Op::Product { .. } => None,
        }
    }

    fn words(&mut self, at: Words) -> &mut [u32] {
        let all = if at.inside { &mut *self.rows } else { &mut *self.out };
        &mut all[at.start..at.start + at.len]
    }

    /// Elements `range` of a frame's own, and the first `len` words of its rows.
    fn both(&mut self, frame: &Frame, range: Range<usize>, len: usize) -> (&mut [u32], &mut [u32]) {
        let Words { inside, start, len: own } = frame.request.to.part(range);
        let (below, rows) = self.rows.split_at_mut(frame.request.rows);
        let all = if inside { below } else { &mut *self.out };
        (&mut all[start..start + own], &mut rows[..len])
    }

    fn add(&mut self, frame: &mut Frame, [left, right]: [NodeId; 2], subtract: bool) -> Option<Request> {
        let (first, len, bits) = (frame.request.first, frame.request.to.len, frame.request.bits);
        frame.asked += 1;
        match frame.asked {
            1 => Some(frame.here(left, bits, first, 0..len)),
            2 => Some(frame.row(right, first, len)),
            _ => {
                let (out, other) = self.both(frame, 0..len, len);
                if subtract {
                    ring::sub(out, other)
                } else {
                    ring::add(out, other)
                }
                None
            }
        }
    }

    fn shift(&mut self, frame: &mut Frame, input: NodeId, by: u8) -> Option<Request> {
        let (first, len, n) = (frame.request.first, frame.request.to.len, self.masks.plan.node(input).bits);
        frame.asked += 1;
        if frame.asked == 1 {
            return Some(frame.here(input, n, first, 0..len));
        }
        ring::shift(self.words(frame.request.to), by);
        None
    }

    fn concat(&mut self, frame: &mut Frame, inputs: &[NodeId]) -> Option<Request> {
        let (first, len, bits) = (frame.request.first, frame.request.to.len, frame.request.bits);
        let mut start = 0;
        for (index, input) in inputs.iter().enumerate() {
            let part = self.nodes.get(*input).shape.len();
            let common = overlap(start..start + part, first..first + len);
            if index >= frame.at && !common.is_empty() {
                frame.at = index + 1;
                let range = common.start - first..common.end - first;
                return Some(frame.here(*input, bits, common.start - start, range));
            }
            start += part;
        }
        None
    }

    fn view(&mut self, node: &Node<'_>, frame: &mut Frame, input: NodeId, picks: &Picks) -> Option<Request> {
        let from = self.nodes.get(input).shape;
        while frame.at < frame.request.to.len {
            let place = Place::of(node, frame);
            let own = frame.at..frame.at + place.columns.len();
            let channel = picks.source(0, place.channel, from.channels);
            let touched = picks.columns(place.columns.clone(), from.width);
            match channel.zip(picks.source(1, place.row, from.height)) {
                Some((channel, row)) if !touched.is_empty() => {
                    if frame.asked == 0 {
                        frame.asked = 1;
                        let start =
                            (channel as usize * from.height as usize + row as usize) * from.width as usize;
                        return Some(frame.row(input, start + touched.start as usize, touched.len()));
                    }
                    frame.asked = 0;
                    let (out, source) = self.both(frame, own.clone(), touched.len());
                    picks.row(place.columns, from.width, source, out);
                }
                _ => self.words(frame.request.to.part(own.clone())).fill(0),
            }
            frame.at = own.end;
        }
        None
    }

    fn pool(
        &mut self,
        node: &Node<'_>,
        frame: &mut Frame,
        input: NodeId,
        windows: &Windows,
    ) -> Option<Request> {
        let from = self.nodes.get(input).shape;
        while frame.at < frame.request.to.len {
            let place = Place::of(node, frame);
            let own = frame.at..frame.at + place.columns.len();
            let rows = windows.span(0, place.row, from.height);
            let covered = windows.columns(place.columns.clone(), from.width);
            let (out, source) = self.both(frame, own.clone(), covered.len());
            if frame.asked == 0 {
                out.fill(0);
            } else {
                windows.add_row(place.columns, from.width, source, out);
            }
            if frame.asked < rows.len() {
                let row = rows.start as usize + frame.asked;
                frame.asked += 1;
                let start = (place.channel as usize * from.height as usize + row) * from.width as usize;
                return Some(frame.row(input, start + covered.start as usize, covered.len()));
            }
            (frame.at, frame.asked) = (own.end, 0);
        }
        None
    }

    /// Runs that stay beside each other are made in their place, others in a row.
    fn permute(&mut self, frame: &mut Frame, input: NodeId, permutation: &Permutation) -> Option<Request> {
        let (first, len, bits) = (frame.request.first, frame.request.to.len, frame.request.bits);
        while let Some(run) = permutation.run(first..first + len, first + frame.at) {
            let own = run.at - first;
            if run.step == 1 {
                frame.at = own + run.len;
                return Some(frame.here(input, bits, run.source, own..own + run.len));
            }
            frame.at = own;
            if frame.asked == 0 {
                frame.asked = 1;
                return Some(frame.row(input, run.source, run.len));
            }
            let (out, elements) = self.both(frame, own..len, run.len);
            run.put(elements, out);
            (frame.at, frame.asked) = (own + 1, 0);
        }
        None
    }

    fn activation(
        &mut self,
        node: &Node<'_>,
        frame: &mut Frame,
        input: NodeId,
        channels: Channels<'_>,
    ) -> Option<Request> {
        let n = self.nodes.get(input).bits;
        if frame.asked > 0 {
            self.extend(frame, node.bits, n);
            frame.at += frame.asked;
            frame.asked = 0;
        }
        let (plane, end) = (node.shape.plane(), frame.request.first + frame.request.to.len);
        while frame.at < frame.request.to.len {
            let at = frame.request.first + frame.at;
            let kind = MaskKind::of(channels.get(at / plane));
            let mut next = at / plane + 1;
            while next * plane < end && MaskKind::of(channels.get(next)) == kind {
                next += 1;
            }
            let run = frame.at..(next * plane).min(end) - frame.request.first;
            let mut stream = match kind {
                MaskKind::Extended => {
                    frame.asked = run.len();
                    return Some(frame.here(input, n, at, run));
                }
                MaskKind::Zero => None,
                MaskKind::Fresh => Some(self.masks.stream(frame.request.id, Kind::CdActivation)),
            };
            let out = self.words(frame.request.to.part(run.clone()));
            match &mut stream {
                Some(stream) => stream.fill(node.bits, at as u64, out),
                None => out.fill(0),
            }
            frame.at = run.end;
        }
        None
    }

    /// Extends the `n`-bit masks that were asked for to `bits` bits.
    fn extend(&mut self, frame: &Frame, bits: u8, n: u8) {
        if bits == n {
            return;
        }
        let mut stream = self.masks.stream(frame.request.id, Kind::CdExtend);
        let first = frame.request.first + frame.at;
        let mut q = [0; 64];
        let out = self.words(frame.request.to.part(frame.at..frame.at + frame.asked));
        for (index, out) in out.chunks_mut(q.len()).enumerate() {
            let q = &mut q[..out.len()];
            stream.fill(bits - n, (first + index * 64) as u64, q);
            extend::mask(out, q, n, bits);
        }
        q.as_mut_slice().zeroize();
    }
}

/// Part of one row.
struct Place {
    channel: u32,
    row: u32,
    columns: Range<u32>,
}

impl Place {
    /// What a frame has to do next, up to the end of a row.
    fn of(node: &Node<'_>, frame: &Frame) -> Self {
        let (height, width) = (node.shape.height as usize, node.shape.width as usize);
        let at = frame.request.first + frame.at;
        let left = frame.request.to.len - frame.at;
        let (row, column) = (at / width, at % width);
        Self {
            channel: (row / height) as u32,
            row: (row % height) as u32,
            columns: column as u32..(column + left.min(width - column)) as u32,
        }
    }
}
