//! The client's offline half: `v = hi(x_cd * W_cs) + zeta` of every linear layer, some rows at a time.

use core::future::poll_fn;
use core::ops::Range;
use core::task::Poll;

use zeroize::Zeroize;

use super::memory::{input_rows, margins, planes};
use super::{Client, ClientError, LinearKernel, Part, Progress};
use crate::geometry::{Conv2d, Shape};
use crate::masks::Masks;
use crate::plan::{NodeId, Op, Term};
use crate::prf::{Kind, PairKey};
use crate::protocol::linear;
use crate::transport::{FrameKind, MessageWriter, Transport};

impl<T: Transport, L: LinearKernel> Client<'_, T, L> {
    /// Prepares inference `inference`, a number that was never used with these keys.
    ///
    /// `progress` is called many times for a large layer, and after each call other tasks of the executor get a turn.
    ///
    /// # Errors
    /// Of the transport, or what the server refuses.
    pub async fn prepare(
        &mut self,
        inference: u64,
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        self.announce(FrameKind::Prepare, inference).await?;
        for (id, node) in self.plan.nodes() {
            if let Op::Linear { terms, fraction } = &node.op {
                let layer = Layer { id, shape: node.shape, n: node.bits, f: *fraction, terms };
                self.linear(inference, &layer, progress).await?;
            }
            progress(usize::from(id) + 1, self.plan.len());
        }
        self.transport.flush().await?;
        self.ready(inference).await
    }

    async fn linear(
        &mut self,
        inference: u64,
        layer: &Layer<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let Layer { shape, terms, .. } = *layer;
        let mut writer = MessageWriter::new(self.work.outgoing);
        let (height, width) = (shape.height as usize, shape.width as usize);
        let whole = !L::IN_PARTS && self.memory.holds(terms, shape);
        let step = if whole { height } else { self.memory.rows(terms, shape) };
        let (scratch, words) = self.work.words.split_at_mut(self.memory.linear_scratch);
        let masks = Masks::new(self.plan, &self.keys.dealer, inference);
        let mut work = Work { masks, key: &self.keys.weights, kernel: &mut self.kernel, scratch };
        let mut turn = Turn { progress, done: usize::from(layer.id), of: self.plan.len() };
        for first in (0..height).step_by(step) {
            let rows = step.min(height - first);
            let (out, x) = words.split_at_mut(shape.channels as usize * rows * width);
            out.fill(0);
            if whole {
                (0..terms.len()).for_each(|index| work.whole(layer, index, x, out));
            } else {
                work.rows(layer, first..first + rows, x, out, &mut turn).await;
            }
            finish(&work.masks, layer, first, rows, out);
            for row in 0..rows {
                for plane in out.chunks_exact(rows * width) {
                    writer.push(&mut self.transport, layer.n, &plane[row * width..][..width]).await?;
                }
            }
            turn.give().await;
        }
        Ok(writer.finish(&mut self.transport).await?)
    }
}

/// What other tasks of the executor get now and then.
struct Turn<'p> {
    progress: Progress<'p>,
    done: usize,
    of: usize,
}

impl Turn<'_> {
    async fn give(&mut self) {
        (self.progress)(self.done, self.of);
        let mut given = false;
        poll_fn(|context| {
            if core::mem::replace(&mut given, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// A linear node.
struct Layer<'a> {
    id: NodeId,
    shape: Shape,
    n: u8,
    f: u8,
    terms: &'a [Term],
}

/// What a layer is computed with.
struct Work<'w, L> {
    masks: Masks<'w>,
    key: &'w PairKey,
    kernel: &'w mut L,
    scratch: &'w mut [u32],
}

impl<L: LinearKernel> Work<'_, L> {
    /// Term `index` at once.
    fn whole(&mut self, layer: &Layer<'_>, index: usize, x: &mut [u32], out: &mut [u32]) {
        let Term { input, map } = &layer.terms[index];
        let x = &mut x[..map.input.len()];
        self.masks.read(*input, 0, x, self.scratch);
        self.kernel.accumulate(self.key, layer.id, index as u8, map, layer.n + layer.f, x, out);
    }

    /// All terms of some output rows, a part at a time.
    async fn rows(
        &mut self,
        layer: &Layer<'_>,
        rows: Range<usize>,
        x: &mut [u32],
        out: &mut [u32],
        turn: &mut Turn<'_>,
    ) {
        let pixels = rows.len() * layer.shape.width as usize;
        for (index, term) in layer.terms.iter().enumerate() {
            let Some(tile) = Tile::new(&term.map, &rows) else { continue };
            let all = tile.map.input.channels as usize;
            let step = planes(&tile.map, tile.map.input.plane(), x.len());
            for inputs in (0..all).step_by(step).map(|first| first..all.min(first + step)) {
                self.read(&tile, term, &inputs, x);
                turn.give().await;
                for outputs in tile.outputs(&inputs, pixels) {
                    let part = Part { inputs: inputs.clone(), outputs };
                    self.part(layer, index, &tile, &part, x, out);
                    turn.give().await;
                }
            }
        }
    }

    /// The rows that a tile sees of some input planes, with their margins.
    fn read(&mut self, tile: &Tile, term: &Term, planes: &Range<usize>, x: &mut [u32]) {
        let (whole, height) = (term.map.input, tile.map.input.height as usize);
        let (width, padded) = (whole.width as usize, tile.map.input.width as usize);
        let len = height * width;
        if height == whole.height as usize {
            self.masks.read(term.input, planes.start * len, &mut x[..planes.len() * len], self.scratch);
        } else {
            for (channel, x) in planes.clone().zip(x.chunks_exact_mut(len)) {
                let first = channel * whole.plane() + tile.first_row * width;
                self.masks.read(term.input, first, x, self.scratch);
            }
        }
        if width != padded {
            let left = usize::from(tile.left);
            for row in (0..planes.len() * height).rev() {
                x.copy_within(row * width..(row + 1) * width, row * padded + left);
                x[row * padded..][..left].fill(0);
                x[row * padded + left + width..(row + 1) * padded].fill(0);
            }
        }
    }

    fn part(
        &mut self,
        layer: &Layer<'_>,
        index: usize,
        tile: &Tile,
        part: &Part,
        x: &[u32],
        out: &mut [u32],
    ) {
        let plane = out.len() / layer.shape.channels as usize;
        let x = &x[..part.inputs.len() * tile.map.input.plane()];
        let out = &mut out[part.outputs.start * plane..part.outputs.end * plane];
        let bits = layer.n + layer.f;
        self.kernel.accumulate_part(self.key, layer.id, index as u8, &tile.map, part, bits, x, out);
    }
}

/// Some output rows of a map, and the input rows they need, with zeros to the left and right of them.
struct Tile {
    map: Conv2d,
    first_row: usize,
    left: u16,
}

/// Products after which other tasks get a turn.
const TURN: usize = 1 << 18;

/// What expanding a weight takes, in products.
const WEIGHT: usize = 32;

impl Tile {
    /// Output rows `rows`; `None` if they see nothing but padding.
    fn new(map: &Conv2d, rows: &Range<usize>) -> Option<Self> {
        let (height, pad) = (map.input.height as usize, usize::from(map.pads[0]));
        let start = rows.start * usize::from(map.stride[0]);
        let end = start + input_rows(map, rows.len());
        let (low, high) = (start.saturating_sub(pad), end.saturating_sub(pad).min(height));
        if low >= high {
            return None;
        }
        let above = pad.saturating_sub(start);
        let below = (end - start) - above - (high - low);
        let ([left, right], mut map) = (margins(map), *map);
        map.input.height = (high - low) as u32;
        map.input.width += u32::from(left) + u32::from(right);
        map.pads = [above as u16, map.pads[1] - left, below as u16, map.pads[3] - right];
        Some(Self { map, first_row: low, left })
    }

    /// The output planes of `pixels` that read some input planes, as many at a time as take one turn.
    fn outputs(&self, inputs: &Range<usize>, pixels: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let group = self.map.group_inputs() as usize;
        let each = (self.map.out_channels / self.map.groups) as usize;
        let (start, end) = (inputs.start / group * each, inputs.end.div_ceil(group) * each);
        let weights = self.map.fan_in() / group * inputs.len().min(group);
        let step = (TURN / weights.saturating_mul(pixels + WEIGHT)).max(1);
        (start..end).step_by(step).map(move |first| first..(first + step).min(end))
    }
}

fn finish(masks: &Masks<'_>, layer: &Layer<'_>, first: usize, rows: usize, out: &mut [u32]) {
    let (mut stream, mut zeta) = (masks.stream(layer.id, Kind::CdZeta), [0; 128]);
    let width = layer.shape.width as usize;
    for (channel, plane) in out.chunks_exact_mut(rows * width).enumerate() {
        let start = channel * layer.shape.plane() + first * width;
        for (index, out) in plane.chunks_mut(zeta.len()).enumerate() {
            let zeta = &mut zeta[..out.len()];
            stream.fill(layer.n, (start + index * 128) as u64, zeta);
            linear::client(out, zeta, layer.n, layer.f);
        }
    }
    zeta.as_mut_slice().zeroize();
}
