//! The client's offline half: `v = hi(x_cd * W_cs) + zeta` of every linear layer, some rows at a time.

use zeroize::Zeroize;

use super::memory::input_rows;
use super::{Client, ClientError, LinearKernel, Progress};
use crate::geometry::{Conv2d, Shape};
use crate::masks::Masks;
use crate::plan::{NodeId, Op, Term};
use crate::prf::Kind;
use crate::protocol::linear;
use crate::transport::{FrameKind, MessageWriter, Transport};

impl<T: Transport, L: LinearKernel> Client<'_, T, L> {
    /// Prepares inference `inference`, a number that was never used with these keys.
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
                self.linear(inference, id, node.shape, node.bits, terms, *fraction).await?;
            }
            progress(usize::from(id) + 1, self.plan.len());
        }
        self.transport.flush().await?;
        self.ready(inference).await
    }

    async fn linear(
        &mut self,
        inference: u64,
        id: NodeId,
        shape: Shape,
        n: u8,
        terms: &[Term],
        f: u8,
    ) -> Result<(), ClientError<T::Error>> {
        let mut writer = MessageWriter::new(self.work.outgoing);
        let height = shape.height as usize;
        let step = self.memory.rows(terms, shape);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let masks = Masks::new(self.plan, &self.keys.dealer, inference);
        for first in (0..height).step_by(step) {
            let rows = step.min(height - first);
            let (out, words) = words.split_at_mut(shape.channels as usize * rows * shape.width as usize);
            out.fill(0);
            for (index, term) in terms.iter().enumerate() {
                let Some(tile) = Tile::new(&term.map, first, rows) else { continue };
                let x = &mut words[..tile.map.input.len()];
                tile.read(&masks, term, x, scratch);
                self.kernel.accumulate(&self.keys.weights, id, index as u8, &tile.map, n + f, x, out);
            }
            finish(&masks, id, shape, first, rows, n, f, out);
            let width = shape.width as usize;
            for row in 0..rows {
                for plane in out.chunks_exact(rows * width) {
                    writer.push(&mut self.transport, n, &plane[row * width..][..width]).await?;
                }
            }
        }
        Ok(writer.finish(&mut self.transport).await?)
    }
}

/// Some output rows of a map, and the input rows they need.
struct Tile {
    map: Conv2d,
    first_row: usize,
}

impl Tile {
    /// Output rows `first .. first + rows`; `None` if they see nothing but padding.
    fn new(map: &Conv2d, first: usize, rows: usize) -> Option<Self> {
        let (height, pad) = (map.input.height as usize, usize::from(map.pads[0]));
        let start = first * usize::from(map.stride[0]);
        let end = start + input_rows(map, rows);
        let (low, high) = (start.saturating_sub(pad), end.saturating_sub(pad).min(height));
        if low >= high {
            return None;
        }
        let above = pad.saturating_sub(start);
        let below = (end - start) - above - (high - low);
        let mut map = *map;
        map.input.height = (high - low) as u32;
        map.pads[0] = above as u16;
        map.pads[2] = below as u16;
        Some(Self { map, first_row: low })
    }

    fn read(&self, masks: &Masks<'_>, term: &Term, x: &mut [u32], scratch: &mut [u32]) {
        let whole = term.map.input;
        if self.map.input == whole {
            return masks.read(term.input, 0, x, scratch);
        }
        let first = self.first_row * whole.width as usize;
        for (channel, x) in x.chunks_exact_mut(self.map.input.plane()).enumerate() {
            masks.read(term.input, channel * whole.plane() + first, x, scratch);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn finish(
    masks: &Masks<'_>,
    id: NodeId,
    shape: Shape,
    first: usize,
    rows: usize,
    n: u8,
    f: u8,
    out: &mut [u32],
) {
    let (mut stream, mut zeta) = (masks.stream(id, Kind::CdZeta), [0; 128]);
    let width = shape.width as usize;
    for (channel, plane) in out.chunks_exact_mut(rows * width).enumerate() {
        let start = channel * shape.plane() + first * width;
        for (index, out) in plane.chunks_mut(zeta.len()).enumerate() {
            let zeta = &mut zeta[..out.len()];
            stream.fill(n, (start + index * 128) as u64, zeta);
            linear::client(out, zeta, n, f);
        }
    }
    zeta.as_mut_slice().zeroize();
}
