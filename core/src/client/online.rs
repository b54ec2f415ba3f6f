//! The client's online half: the masked input, one answer for every activation layer and product, the opened output.

use core::ops::Range;

use super::memory::LANES;
use super::{Client, ClientError, Input, LinearKernel, Progress};
use crate::cost::{self, ChannelLayout};
use crate::masks::Masks;
use crate::plan::{Channel, Channels, NodeId, Op};
use crate::prf::{Kind, PairKey, Stream};
use crate::protocol::{block_relu, extend, piecewise, reveal};
use crate::share::Share;
use crate::transport::{FrameKind, MessageReader, MessageWriter, Transport};

impl<T: Transport, L: LinearKernel> Client<'_, T, L> {
    /// Runs inference `inference`, prepared in this session: `input` in the plan's fixed point, the result what its
    /// [`Answer`](crate::plan::Answer) says: scores in units of its output scale, or labels.
    ///
    /// # Errors
    /// If sizes differ from the plan's, of the transport, or what the server refuses. The inference number is used
    /// up in any case.
    pub async fn infer(
        &mut self,
        inference: u64,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let key = self.keys.dealer.clone();
        self.infer_under(&key, inference, input, output, progress).await
    }

    /// As [`Self::infer`], for an inference that was prepared in an earlier session, whose key with the dealer was `key`.
    ///
    /// # Errors
    /// As there.
    pub async fn infer_under(
        &mut self,
        key: &PairKey,
        inference: u64,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        check_size(self.plan.input().shape.len(), input.elements())?;
        check_size(self.plan.output().shape.len(), output.len())?;
        let done = self.walk(key, inference, input, output, progress).await;
        self.work.wipe();
        done
    }

    async fn walk(
        &mut self,
        key: &PairKey,
        inference: u64,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        self.announce(FrameKind::Infer, inference).await?;
        self.send_input(key, inference, input).await?;
        self.layers(key, inference, progress).await?;
        self.receive_output(key, inference, output).await
    }

    /// Answers every activation layer and product.
    pub(super) async fn layers(
        &mut self,
        key: &PairKey,
        inference: u64,
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let mut flight_end = 0;
        for (id, node) in self.plan.nodes() {
            if node.op.is_exchange() && id >= flight_end {
                flight_end = self.plan.flight(id).end;
                self.round_trips += 1;
            }
            match node.op {
                Op::Activation { input, channels, .. } => {
                    self.activation(key, inference, id, input, channels).await?;
                }
                Op::Product { .. } => self.product(key, inference, id).await?,
                _ => {}
            }
            progress(usize::from(id) + 1, self.plan.len());
        }
        Ok(())
    }

    async fn send_input(
        &mut self,
        key: &PairKey,
        inference: u64,
        input: &(impl Input + ?Sized),
    ) -> Result<(), ClientError<T::Error>> {
        let bits = self.plan.input().bits;
        let masks = Masks::new(self.plan, key, inference);
        let mut writer = MessageWriter::new(self.work.outgoing);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let piece = self.memory.piece;
        let (x, x_cd) = words.split_at_mut(piece);
        for first in (0..input.elements()).step_by(piece) {
            let len = piece.min(input.elements() - first);
            let (x, x_cd) = (&mut x[..len], &mut x_cd[..len]);
            input.read(first, x);
            masks.read(0, first, x_cd, scratch);
            reveal::mask_input(x, x_cd, bits);
            writer.push(&mut self.transport, bits, x).await?;
        }
        Ok(writer.finish(&mut self.transport).await?)
    }

    async fn receive_output(
        &mut self,
        key: &PairKey,
        inference: u64,
        output: &mut [i32],
    ) -> Result<(), ClientError<T::Error>> {
        let (id, bits) = (self.plan.output_id(), self.plan.output().bits);
        let masks = Masks::new(self.plan, key, inference);
        let mut reader = MessageReader::new(self.work.incoming, u64::from(bits) * output.len() as u64);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let piece = self.memory.piece;
        let (server, cd) = words.split_at_mut(piece);
        for (index, output) in output.chunks_mut(piece).enumerate() {
            let (server, cd) = (&mut server[..output.len()], &mut cd[..output.len()]);
            reader.pull(&mut self.transport, bits, server).await?;
            masks.read(id, index * piece, cd, scratch);
            // The output is the client's: it is what the inference is for.
            reveal::open(&Share::new(server), &Share::new(cd), bits, output);
            self.plan.header().answer.settle(output);
        }
        Ok(reader.finish()?)
    }

    async fn activation(
        &mut self,
        key: &PairKey,
        inference: u64,
        id: NodeId,
        input: NodeId,
        channels: Channels<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let node = self.plan.node(id);
        let masks = Masks::new(self.plan, key, inference);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let (decisions, lanes) = words.split_at_mut(self.memory.decisions);
        let mut answer = Answer {
            transport: &mut self.transport,
            reader: MessageReader::new(self.work.incoming, cost::step(self.plan, id).server_online),
            writer: MessageWriter::new(self.work.outgoing),
            streams: Streams::new(&masks, id),
            masks,
            input,
            channels,
            scratch,
            decisions,
            lanes: &mut lanes[..LANES * self.memory.piece],
            piece: self.memory.piece,
            width: node.shape.width as usize,
        };
        for (index, layout) in cost::layouts(self.plan, &node).enumerate() {
            let first = index * layout.plane;
            match layout.channel {
                Channel::Blocks { .. } => answer.blocks(&layout, first).await?,
                Channel::Identity if layout.format.extra() > 0 => answer.identity(&layout, first).await?,
                Channel::Identity | Channel::Zero => {}
            }
        }
        let Answer { transport, reader, writer, .. } = answer;
        reader.finish()?;
        Ok(writer.finish(transport).await?)
    }
}

fn check_size<E: core::fmt::Debug>(want: usize, got: usize) -> Result<(), ClientError<E>> {
    if want == got { Ok(()) } else { Err(ClientError::Size { want, got }) }
}

/// The client's random streams of one activation layer.
struct Streams {
    table: Stream,
    lam: Stream,
    lam_mask: Stream,
    carry: Stream,
    top: Stream,
    lam_top: Stream,
    fresh: Stream,
    cross: Stream,
    extend: Stream,
}

impl Streams {
    fn new(masks: &Masks<'_>, id: NodeId) -> Self {
        Self {
            table: masks.stream(id, Kind::CdTable),
            lam: masks.stream(id, Kind::CdLam),
            lam_mask: masks.stream(id, Kind::CdLamMask),
            carry: masks.stream(id, Kind::CdCarry),
            top: masks.stream(id, Kind::CdTop),
            lam_top: masks.stream(id, Kind::CdLamTop),
            fresh: masks.stream(id, Kind::CdActivation),
            cross: masks.stream(id, Kind::CdCross),
            extend: masks.stream(id, Kind::CdExtend),
        }
    }
}

/// Answers one layer: reads the server's message and writes the reply as it goes.
struct Answer<'w, T> {
    transport: &'w mut T,
    reader: MessageReader<'w>,
    writer: MessageWriter<'w>,
    streams: Streams,
    masks: Masks<'w>,
    input: NodeId,
    channels: Channels<'w>,
    scratch: &'w mut [u32],
    decisions: &'w mut [u32],
    lanes: &'w mut [u32],
    piece: usize,
    width: usize,
}

impl<T: Transport> Answer<'_, T> {
    /// A channel of blocks whose first element in the tensor is `first`.
    async fn blocks(&mut self, layout: &ChannelLayout, first: usize) -> Result<(), ClientError<T::Error>> {
        for knot in 0..layout.knots {
            self.windows(layout, knot).await?;
            self.server_bits(layout, knot).await?;
        }
        let rows = (self.piece / self.width).max(1);
        let height = layout.plane / self.width;
        for row in (0..height).step_by(rows) {
            self.pixels(layout, first, row, rows.min(height - row)).await?;
        }
        Ok(())
    }

    /// Reads the masked windows of a knot, sends the client's table bits, and keeps what both say of the decisions.
    async fn windows(&mut self, layout: &ChannelLayout, knot: usize) -> Result<(), ClientError<T::Error>> {
        let (format, count) = (layout.format, layout.tiling.len());
        let decisions = &mut self.decisions[decisions(layout, knot)];
        decisions.fill(0);
        let (windows, own) = self.lanes.split_at_mut(self.piece);
        for start in (0..count).step_by(self.piece) {
            let len = self.piece.min(count - start);
            let (windows, own) = (&mut windows[..len], &mut own[..len]);
            self.reader.pull(self.transport, format.w, windows).await?;
            self.streams.table.pick_bits(
                format.table_log2(),
                layout.first_decision(knot) + start as u64,
                windows,
                own,
            );
            self.writer.push(self.transport, 1, own).await?;
            for (index, (window, own)) in windows.iter().zip(own.iter()).enumerate() {
                let block = start + index;
                decisions[block / 32] |= (own ^ block_relu::top_bit(format, *window)) << (block % 32);
            }
        }
        Ok(())
    }

    async fn server_bits(
        &mut self,
        layout: &ChannelLayout,
        knot: usize,
    ) -> Result<(), ClientError<T::Error>> {
        let (count, decisions) = (layout.tiling.len(), &mut self.decisions[decisions(layout, knot)]);
        for start in (0..count).step_by(self.piece) {
            let bits = &mut self.lanes[..self.piece.min(count - start)];
            self.reader.pull(self.transport, 1, bits).await?;
            for (index, bit) in bits.iter().enumerate() {
                let block = start + index;
                decisions[block / 32] ^= bit << (block % 32);
            }
        }
        Ok(())
    }

    /// Pixel rows `row .. row + rows` of a channel.
    async fn pixels(
        &mut self,
        layout: &ChannelLayout,
        first: usize,
        row: usize,
        rows: usize,
    ) -> Result<(), ClientError<T::Error>> {
        let (format, len, start) = (layout.format, rows * self.width, first + row * self.width);
        let at = start as u64;
        let mut lanes = self.lanes.chunks_exact_mut(self.piece).map(|lane| &mut lane[..len]);
        let mut lane = || lanes.next().unwrap_or_default();
        let (masked, base, decision, lam) = (lane(), lane(), lane(), lane());
        let (lam_mask, carry, top, lam_top, blocks) = (lane(), lane(), lane(), lane(), lane());
        self.reader.pull(self.transport, format.n, masked).await?;
        self.masks.read(self.input, start, base, self.scratch);
        let streams = &mut self.streams;
        fill_extra(&mut streams.carry, format.extra(), at, carry);
        fill_extra(&mut streams.top, format.extra(), at, top);
        let function = self.channels.function(layout.index);
        let is_relu = function.is_relu();
        if !is_relu {
            piecewise::begin::<false, _>(format, function, masked, top, base, carry);
        }
        for (index, knot) in function.knots().enumerate() {
            let at = layout.pixel_address(index, start);
            streams.lam_mask.fill(format.k, at, lam_mask);
            fill_extra(&mut streams.lam_top, format.extra(), at, lam_top);
            let decisions = &self.decisions[decisions(layout, index)];
            let place = Place { layout, first: layout.first_decision(index), row, width: self.width };
            place.spread(&mut streams.lam, decisions, blocks, lam, decision);
            let opened = block_relu::Opened { masked, decision, lam };
            if is_relu {
                let parts = block_relu::PixelParts { lam_mask, carry, top, lam_top };
                block_relu::select::<false, _>(format, &opened, &parts, base);
            } else {
                piecewise::add_knot::<false, _>(format, knot, &opened, [lam_mask, lam_top], base, carry);
            }
        }
        let half = if is_relu { base } else { carry };
        streams.fresh.sub(format.k, at, half);
        Ok(self.writer.push(self.transport, format.k, half).await?)
    }

    /// An identity channel.
    async fn identity(&mut self, layout: &ChannelLayout, first: usize) -> Result<(), ClientError<T::Error>> {
        let (n, k) = (layout.format.n, layout.format.k);
        for offset in (0..layout.plane).step_by(self.piece) {
            let (len, start) = (self.piece.min(layout.plane - offset), first + offset);
            let mut lanes = self.lanes.chunks_exact_mut(self.piece).map(|lane| &mut lane[..len]);
            let mut lane = || lanes.next().unwrap_or_default();
            let (opened, z_cd, q, cross) = (lane(), lane(), lane(), lane());
            self.reader.pull(self.transport, 1, opened).await?;
            self.masks.read(self.input, start, z_cd, self.scratch);
            self.streams.cross.fill(k - n, start as u64, cross);
            self.streams.extend.fill(k - n, start as u64, q);
            extend::answer(opened, z_cd, q, cross, n, k);
            self.writer.push(self.transport, k - n, cross).await?;
        }
        Ok(())
    }
}

/// Where the decision bits of a channel about a knot lie among the words of [`Memory::decisions`](super::Memory).
fn decisions(layout: &ChannelLayout, knot: usize) -> Range<usize> {
    let words = layout.tiling.len().div_ceil(32);
    knot * words..(knot + 1) * words
}

/// Shares modulo 2^(k-n); zeros within one ring.
fn fill_extra(stream: &mut Stream, extra: u8, at: u64, shares: &mut [u32]) {
    if extra > 0 { stream.fill(extra, at, shares) } else { shares.fill(0) }
}

/// Rows of a channel from `row` on, whose decisions about a knot begin at `first` among those of the layer.
struct Place<'a> {
    layout: &'a ChannelLayout,
    first: u64,
    row: usize,
    width: usize,
}

impl Place<'_> {
    /// Gives every pixel its block's share of `lam` and its decision.
    fn spread(
        &self,
        stream: &mut Stream,
        decisions: &[u32],
        blocks: &mut [u32],
        lam: &mut [u32],
        decision: &mut [u32],
    ) {
        let (tiling, k, width) = (self.layout.tiling, self.layout.format.k, self.width);
        let bit = |block: usize| (decisions[block / 32] >> (block % 32)) & 1;
        if tiling.is_pixelwise() {
            let first = self.row * width;
            stream.fill(k, self.first + first as u64, lam);
            decision.iter_mut().enumerate().for_each(|(index, decision)| *decision = bit(first + index));
            return;
        }
        let blocks = &mut blocks[..tiling.columns()];
        for (index, (lam, decision)) in lam.chunks_mut(width).zip(decision.chunks_mut(width)).enumerate() {
            let first = tiling.first_block(self.row + index);
            stream.fill(k, self.first + first as u64, blocks);
            tiling.spread_row(blocks, lam);
            blocks.iter_mut().enumerate().for_each(|(index, block)| *block = bit(first + index));
            tiling.spread_row(blocks, decision);
        }
    }
}
