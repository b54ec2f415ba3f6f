//! The server's two halves of an activation layer: what it opens to the client, and what it makes of the answer.

use brelu_core::bits::{BitReader, BitWriter};
use brelu_core::cost::ChannelLayout;
use brelu_core::plan::{Channel, Channels, NodeId};
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::{block_relu, extend, piecewise};
use brelu_core::ring;
use brelu_core::share::Wiped;

use crate::groups::Layer;
use crate::packed::Packed;

/// One activation layer of one inference, as the server sees it.
pub(super) struct Opening<'a> {
    pub(super) layer: &'a Layer,
    pub(super) channels: Channels<'a>,
    pub(super) key: &'a PairKey,
    pub(super) inference: u64,
    pub(super) node: NodeId,
    /// The dealer's message.
    pub(super) dealt: &'a [u8],
    /// The server's component of the pre-activations.
    pub(super) a: &'a [u32],
}

/// What the server keeps of a group of channels until the answer comes: for every decision, what its own table bit and the
/// window's top bit say of the decision.
pub(super) type Decisions = Wiped<Vec<u32>>;

impl Opening<'_> {
    /// Opens the channels of group `group`.
    pub(super) fn open(&self, group: usize) -> (Packed, Decisions) {
        let range = self.layer.groups[group].clone();
        let channels = &self.layer.channels[range.clone()];
        let bits = channels.iter().map(|channel| channel.bits.server_online).sum();
        let mut worker = Worker::new(self);
        let mut decisions = Wiped::new(vec![0; channels.iter().map(ChannelLayout::decisions).sum()]);
        let mut rest = &mut decisions[..];
        let packed = Packed::build(bits, |writer| {
            for (index, layout) in range.zip(channels) {
                let a = &self.a[index * layout.plane..][..layout.plane];
                match layout.channel {
                    Channel::Blocks { .. } => {
                        let (own, behind) = std::mem::take(&mut rest).split_at_mut(layout.decisions());
                        rest = behind;
                        worker.open_blocks(layout, index * layout.plane, a, own, writer);
                    }
                    Channel::Identity if layout.format.extra() > 0 => {
                        worker.open_identity(layout, index * layout.plane, a, writer);
                    }
                    Channel::Identity | Channel::Zero => {}
                }
            }
        });
        (packed, decisions)
    }

    /// Finishes the channels of group `group` with the client's answer to the whole layer.
    pub(super) fn close(&self, group: usize, decisions: &[u32], reply: &[u8], out: &mut [u32]) {
        let range = self.layer.groups[group].clone();
        let (mut worker, mut decisions) = (Worker::new(self), decisions);
        let channels = range.clone().zip(&self.layer.channels[range]);
        for ((index, layout), out) in channels.zip(out.chunks_exact_mut(self.plane().max(1))) {
            let first = index * layout.plane;
            out.copy_from_slice(&self.a[first..][..layout.plane]);
            match layout.channel {
                Channel::Blocks { .. } => {
                    let own;
                    (own, decisions) = decisions.split_at(layout.decisions());
                    worker.close_blocks(layout, first, own, reply, out);
                }
                Channel::Identity if layout.format.extra() > 0 => {
                    worker.close_identity(layout, first, reply, out);
                }
                Channel::Identity => ring::reduce(out, layout.format.n),
                Channel::Zero => out.fill(0),
            }
        }
    }

    fn plane(&self) -> usize {
        self.layer.channels.first().map_or(0, |channel| channel.plane)
    }
}

/// Streams and buffers for some channels.
struct Worker<'a> {
    channels: Channels<'a>,
    dealt: &'a [u8],
    windows: Stream,
    pixels: Stream,
    extend: Stream,
    lanes: [Wiped<Vec<u32>>; 8],
}

impl<'a> Worker<'a> {
    fn new(opening: &Opening<'a>) -> Self {
        let stream = |kind| opening.key.stream(Address::new(opening.inference, opening.node, kind));
        let plane = opening.plane();
        Self {
            channels: opening.channels,
            dealt: opening.dealt,
            windows: stream(Kind::SdWindow),
            pixels: stream(Kind::SdPreActivation),
            extend: stream(Kind::SdExtend),
            lanes: std::array::from_fn(|_| Wiped::new(vec![0; plane])),
        }
    }

    fn open_blocks(
        &mut self,
        layout: &ChannelLayout,
        first: usize,
        a: &[u32],
        decisions: &mut [u32],
        out: &mut BitWriter<'_>,
    ) {
        let (format, count) = (layout.format, layout.tiling.len());
        let [sums, s_sd, bits, pixels, z_sd, windows, counts, ..] = &mut self.lanes;
        let (sums, counts) = (&mut sums[..count], &mut counts[..count]);
        sums.fill(0);
        layout.tiling.add_sums(0, a, sums);
        let function = self.channels.function(layout.index);
        let is_relu = function.is_relu();
        if !is_relu {
            pixels.fill(1);
            counts.fill(0);
            layout.tiling.add_sums(0, pixels, counts);
        }
        let knots = function.knots().enumerate();
        for ((index, knot), decisions) in knots.zip(decisions.chunks_exact_mut(count)) {
            let (windows, s_sd, bits) = (&mut windows[..count], &mut s_sd[..count], &mut bits[..count]);
            windows.copy_from_slice(sums);
            if !is_relu {
                piecewise::move_sums(knot, counts, windows);
            }
            self.windows.fill(format.w, layout.first_decision(index), s_sd);
            block_relu::open_windows(format, windows, s_sd);
            block_relu::pick_server(format, self.dealt, Dealt::of(layout).tables(index), windows, bits);
            out.push(format.w, windows);
            out.push(1, bits);
            for ((decision, window), bit) in decisions.iter_mut().zip(windows).zip(bits) {
                *decision = *bit ^ block_relu::top_bit(format, *window);
            }
        }
        pixels.copy_from_slice(a);
        self.pixels.fill(format.n, first as u64, z_sd);
        block_relu::open_pixels(format, pixels, z_sd);
        out.push(format.n, pixels);
    }

    fn open_identity(&mut self, layout: &ChannelLayout, first: usize, a: &[u32], out: &mut BitWriter<'_>) {
        let [eps, opened, ..] = &mut self.lanes;
        self.extend.fill(1, first as u64, eps);
        extend::open(a, eps, opened, layout.format.n);
        out.push(1, opened);
    }

    /// `out` holds the server's component on entry, and that of the activation on exit.
    fn close_blocks(
        &mut self,
        layout: &ChannelLayout,
        first: usize,
        own: &[u32],
        reply: &[u8],
        out: &mut [u32],
    ) {
        let (format, tiling, count) = (layout.format, layout.tiling, layout.tiling.len());
        let [masked, base, blocks, decision, lam, carry, top, lam_top] = &mut self.lanes;
        let (function, places) = (self.channels.function(layout.index), Dealt::of(layout));
        self.pixels.fill(format.n, first as u64, base);
        masked.copy_from_slice(out);
        block_relu::open_pixels(format, masked, base);
        if format.extra() > 0 {
            let mut dealt = BitReader::at(self.dealt, places.carry());
            [&mut *carry, &mut *top].into_iter().for_each(|part| dealt.pull(format.extra(), part));
        }
        let is_relu = function.is_relu();
        if !is_relu {
            piecewise::begin::<true, _>(format, function, masked, top, base, carry);
        }
        for ((index, knot), own) in function.knots().enumerate().zip(own.chunks_exact(count)) {
            let answered = layout.start.client_online + (index * count) as u64;
            BitReader::at(reply, answered).pull(1, &mut blocks[..count]);
            blocks.iter_mut().zip(own).for_each(|(bit, own)| *bit ^= own);
            tiling.spread(0, &blocks[..count], decision);
            BitReader::at(self.dealt, places.lam(index)).pull(format.k, &mut blocks[..count]);
            tiling.spread(0, &blocks[..count], lam);
            let lam_mask = &mut *blocks;
            BitReader::at(self.dealt, places.lam_mask(index)).pull(format.k, lam_mask);
            if format.extra() > 0 {
                BitReader::at(self.dealt, places.lam_top(index)).pull(format.extra(), lam_top);
            }
            let opened = block_relu::Opened { masked, decision, lam };
            if is_relu {
                let parts = block_relu::PixelParts { lam_mask, carry, top, lam_top };
                block_relu::select::<true, _>(format, &opened, &parts, base);
            } else {
                piecewise::add_knot::<true, _>(format, knot, &opened, [lam_mask, lam_top], base, carry);
            }
        }
        let answered = layout.start.client_online + own.len() as u64;
        BitReader::at(reply, answered).pull(format.k, out);
        ring::add(out, if is_relu { base } else { carry });
        ring::reduce(out, format.k);
    }

    fn close_identity(&mut self, layout: &ChannelLayout, first: usize, reply: &[u8], out: &mut [u32]) {
        let (n, k) = (layout.format.n, layout.format.k);
        let [eps, opened, cross, answer, ..] = &mut self.lanes;
        self.extend.fill(1, first as u64, eps);
        extend::open(out, eps, opened, n);
        BitReader::at(self.dealt, layout.start.dealer_offline).pull(k - n, cross);
        BitReader::at(reply, layout.start.client_online).pull(k - n, answer);
        extend::finish(out, opened, cross, answer, n, k);
    }
}

/// Where the dealer's parts of a channel of blocks lie in its message, in bits: tables and `lam` of one knot after the other,
/// then of the pixels `lam B`, `carry`, `top` and `lam top` of the first knot, then `lam B` and `lam top` of the others.
struct Dealt<'a> {
    layout: &'a ChannelLayout,
    decisions: u64,
    pixels: u64,
}

impl<'a> Dealt<'a> {
    fn of(layout: &'a ChannelLayout) -> Self {
        Self { layout, decisions: layout.tiling.len() as u64, pixels: layout.plane as u64 }
    }

    fn knot(&self) -> u64 {
        (self.decisions << self.layout.format.table_log2()) + self.decisions * u64::from(self.layout.format.k)
    }

    fn tables(&self, knot: usize) -> u64 {
        self.layout.start.dealer_offline + knot as u64 * self.knot()
    }

    fn lam(&self, knot: usize) -> u64 {
        self.tables(knot) + (self.decisions << self.layout.format.table_log2())
    }

    fn lam_mask(&self, knot: usize) -> u64 {
        let (format, first) = (self.layout.format, self.tables(self.layout.knots));
        let shared = if knot == 0 { 0 } else { 2 * u64::from(format.extra()) };
        first + self.pixels * (shared + knot as u64 * u64::from(format.k + format.extra()))
    }

    fn carry(&self) -> u64 {
        self.lam_mask(0) + self.pixels * u64::from(self.layout.format.k)
    }

    fn lam_top(&self, knot: usize) -> u64 {
        let shared = if knot == 0 { 2 * u64::from(self.layout.format.extra()) } else { 0 };
        self.lam_mask(knot) + self.pixels * (u64::from(self.layout.format.k) + shared)
    }
}
