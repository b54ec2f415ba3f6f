//! The client's half of a product: it answers what the server opened of both factors.

use super::memory::LANES;
use super::{Client, ClientError, LinearKernel};
use crate::cost;
use crate::masks::Masks;
use crate::plan::{NodeId, Op};
use crate::prf::{Kind, PairKey, Stream};
use crate::protocol::{linear, multiply};
use crate::transport::{MessageReader, MessageWriter, Transport};

impl<T: Transport, L: LinearKernel> Client<'_, T, L> {
    pub(super) async fn product(
        &mut self,
        key: &PairKey,
        inference: u64,
        id: NodeId,
    ) -> Result<(), ClientError<T::Error>> {
        let node = self.plan.node(id);
        let Op::Product { inputs: [x, gate], fraction } = node.op else { return Ok(()) };
        let masks = Masks::new(self.plan, key, inference);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let elements = node.shape.len();
        let span = multiply::span(elements, self.plan.node(gate).shape.len());
        let mut answer = Answer {
            transport: &mut self.transport,
            reader: MessageReader::new(self.work.incoming, cost::step(self.plan, id).server_online),
            writer: MessageWriter::new(self.work.outgoing),
            zeta: masks.stream(id, Kind::CdZeta),
            masks,
            factors: [x, gate],
            n: node.bits,
            f: fraction,
            scratch,
            lanes: &mut words[..LANES * self.memory.piece],
            piece: self.memory.piece,
        };
        if span == 1 {
            answer.pairs(elements).await?;
        } else {
            for (gate, first) in (0..elements).step_by(span).enumerate() {
                answer.plane(gate, first, span).await?;
            }
        }
        let Answer { transport, reader, writer, .. } = answer;
        reader.finish()?;
        Ok(writer.finish(transport).await?)
    }
}

/// Answers one product: reads the server's message and writes the reply as it goes.
struct Answer<'w, T> {
    transport: &'w mut T,
    reader: MessageReader<'w>,
    writer: MessageWriter<'w>,
    zeta: Stream,
    masks: Masks<'w>,
    /// `x` and the gate.
    factors: [NodeId; 2],
    n: u8,
    f: u8,
    scratch: &'w mut [u32],
    lanes: &'w mut [u32],
    piece: usize,
}

impl<T: Transport> Answer<'_, T> {
    /// Every element with its own element of the gate.
    async fn pairs(&mut self, elements: usize) -> Result<(), ClientError<T::Error>> {
        for first in (0..elements).step_by(self.piece) {
            let len = self.piece.min(elements - first);
            let (pairs, lanes) = self.lanes.split_at_mut(2 * self.piece);
            let (pairs, [opened_x, opened_g, _, g_cd, _]) = (&mut pairs[..2 * len], split(lanes, self.piece));
            self.reader.pull(self.transport, self.n + self.f, pairs).await?;
            let opened = opened_x.iter_mut().zip(opened_g);
            for ((x, g), pair) in opened.zip(pairs.as_chunks::<2>().0) {
                [*g, *x] = *pair;
            }
            self.masks.read(self.factors[1], first, &mut g_cd[..len], self.scratch);
            self.answer(first, len).await?;
        }
        Ok(())
    }

    /// The `span` elements from `first` on, which one element of the gate multiplies.
    async fn plane(&mut self, gate: usize, first: usize, span: usize) -> Result<(), ClientError<T::Error>> {
        let bits = self.n + self.f;
        let (mut opened, mut cd) = ([0], [0]);
        self.reader.pull(self.transport, bits, &mut opened).await?;
        self.masks.read(self.factors[1], gate, &mut cd, self.scratch);
        for start in (0..span).step_by(self.piece) {
            let len = self.piece.min(span - start);
            let [opened_x, opened_g, _, g_cd, _] = split(&mut self.lanes[2 * self.piece..], self.piece);
            self.reader.pull(self.transport, bits, &mut opened_x[..len]).await?;
            opened_g[..len].fill(opened[0]);
            g_cd[..len].fill(cd[0]);
            self.answer(first + start, len).await?;
        }
        Ok(())
    }

    /// Answers the `len` elements from `first` on, whose opened factors and mask of the gate lie in the lanes.
    async fn answer(&mut self, first: usize, len: usize) -> Result<(), ClientError<T::Error>> {
        let lanes = split(&mut self.lanes[2 * self.piece..], self.piece);
        let [v, opened_g, x_cd, g_cd, zeta] = lanes.map(|lane| &mut lane[..len]);
        self.masks.read(self.factors[0], first, x_cd, self.scratch);
        self.zeta.fill(self.n, first as u64, zeta);
        multiply::client(v, opened_g, x_cd, g_cd);
        linear::client(v, zeta, self.n, self.f);
        Ok(self.writer.push(self.transport, self.n, v).await?)
    }
}

/// The first five lanes of `piece` words.
fn split(lanes: &mut [u32], piece: usize) -> [&mut [u32]; 5] {
    let mut lanes = lanes.chunks_exact_mut(piece);
    core::array::from_fn(|_| lanes.next().unwrap_or_default())
}
