//! What the dealer computes for one inference.

use std::sync::Arc;

use brelu_core::bits::BitWriter;
use brelu_core::cost::ChannelLayout;
use brelu_core::masks::Masks;
use brelu_core::plan::{Channel, NodeId, Op, Plan};
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::{block_relu, extend, linear, piecewise};
use brelu_core::ring;
use brelu_core::share::Wiped;
use rayon::prelude::*;

use super::product;
use crate::groups::Layer;
use crate::mask_reader::{read_masks, scratch};
use crate::packed::Packed;
use crate::plan_file::OwnedPlan;
use crate::row_major::pack_rows;
use brelu_kernels::ring::{Backend, KernelError, Linear};

/// The dealer's keys for one client of one server.
#[derive(Debug)]
pub struct DealerKeys {
    /// Shared with the client.
    pub client: PairKey,
    /// Shared with the server.
    pub server: PairKey,
    /// The dealer's own.
    pub own: PairKey,
}

/// A plan with the dealer's weight component, ready to deal.
#[derive(Debug)]
pub struct DealerModel {
    plan: Arc<OwnedPlan>,
    linear: Vec<Vec<Linear>>,
    layers: Vec<Option<Layer>>,
}

impl DealerModel {
    /// `weights` yields `W_sd` of each linear term, in the order of nodes and terms.
    ///
    /// # Errors
    /// If a kernel refuses its map.
    pub fn new(
        plan: Arc<OwnedPlan>,
        mut weights: impl FnMut(NodeId, usize) -> Vec<u32>,
    ) -> Result<Self, KernelError> {
        let mut linear = Vec::with_capacity(plan.get().len());
        for (id, node) in plan.get().nodes() {
            let k = node.accumulator_bits();
            let map = |(index, term): (usize, &brelu_core::plan::Term)| {
                Linear::new(Backend::best(), &term.map, &Wiped::new(weights(id, index)), u32::from(k))
            };
            linear.push(node.op.terms().iter().enumerate().map(map).collect::<Result<_, _>>()?);
        }
        let layers = (0..plan.get().len() as NodeId).map(|id| Layer::new(plan.get(), id)).collect();
        Ok(Self { plan, linear, layers })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan<'_> {
        self.plan.get()
    }

    /// The dealer's message for node `id` of an inference; empty if it has none.
    pub fn deal(&self, keys: &DealerKeys, inference: u64, id: NodeId) -> Vec<u8> {
        let masks = Masks::new(self.plan(), &keys.client, inference);
        match &self.layers[usize::from(id)] {
            Some(layer) => activation(layer, &masks, keys, inference, id),
            None if self.plan().node(id).op.is_exchange() => {
                product::deal(&masks, &keys.server, inference, id)
            }
            None => self.linear(&masks, &keys.server, inference, id),
        }
    }

    fn linear(&self, masks: &Masks<'_>, server: &PairKey, inference: u64, id: NodeId) -> Vec<u8> {
        let node = self.plan().node(id);
        let Op::Linear { terms, fraction } = &node.op else { return Vec::new() };
        let (n, f) = (node.bits, *fraction);
        let mut product = Wiped::new(vec![0; node.shape.len()]);
        for (term, map) in terms.iter().zip(&self.linear[usize::from(id)]) {
            let x_cd = read_masks(self.plan(), masks, term.input);
            // The shapes are the plan's, which the kernel was built for.
            if map.accumulate(&x_cd, &mut product).is_err() {
                return Vec::new();
            }
        }
        product.par_chunks_mut(1 << 14).enumerate().for_each(|(index, product)| {
            let first = (index << 14) as u64;
            let [mut rounding, mut zeta, mut z_cd] = [(); 3].map(|()| Wiped::new(vec![0; product.len()]));
            if f > 0 {
                server.stream(Address::new(inference, id, Kind::SdRounding)).fill(f, first, &mut rounding);
            }
            masks.stream(id, Kind::CdZeta).fill(n, first, &mut zeta);
            masks.stream(id, Kind::CdPreActivation).fill(n, first, &mut z_cd);
            linear::dealer(product, &rounding, &zeta, &z_cd, n, f);
        });
        pack_rows(node.shape, n, &product)
    }
}

fn activation(layer: &Layer, masks: &Masks<'_>, keys: &DealerKeys, inference: u64, id: NodeId) -> Vec<u8> {
    let pieces: Vec<Packed> = layer
        .groups
        .par_iter()
        .map(|group| {
            let channels = &layer.channels[group.clone()];
            let bits = channels.iter().map(|channel| channel.bits.dealer_offline).sum();
            let mut deal = Deal::new(layer, masks, keys, inference, id);
            Packed::build(bits, |writer| {
                for (index, layout) in group.clone().zip(channels) {
                    deal.channel(layout, index * layout.plane, writer);
                }
            })
        })
        .collect();
    let mut whole = Packed::with_room(layer.channels.iter().map(|channel| channel.bits.dealer_offline).sum());
    pieces.iter().for_each(|piece| whole.append(piece));
    whole.into_bytes()
}

/// Deals some channels of one layer.
struct Deal<'a> {
    masks: &'a Masks<'a>,
    node: NodeId,
    input: NodeId,
    scratch: Wiped<Vec<u32>>,
    own: Stream,
    window: Stream,
    server_pixels: Stream,
    server_extend: Stream,
    lanes: [Wiped<Vec<u32>>; 8],
}

impl<'a> Deal<'a> {
    fn new(layer: &Layer, masks: &'a Masks<'a>, keys: &DealerKeys, inference: u64, node: NodeId) -> Self {
        let plane = layer.channels.first().map_or(0, |channel| channel.plane);
        let server = |kind| keys.server.stream(Address::new(inference, node, kind));
        Self {
            masks,
            node,
            input: layer.input,
            scratch: scratch(masks.plan(), plane),
            own: keys.own.stream(Address::new(inference, node, Kind::DLam)),
            window: server(Kind::SdWindow),
            server_pixels: server(Kind::SdPreActivation),
            server_extend: server(Kind::SdExtend),
            lanes: std::array::from_fn(|_| Wiped::new(vec![0; plane])),
        }
    }

    fn channel(&mut self, layout: &ChannelLayout, first: usize, out: &mut BitWriter<'_>) {
        match layout.channel {
            Channel::Blocks { .. } => self.blocks(layout, first, out),
            Channel::Identity if layout.format.extra() > 0 => self.identity(layout, first, out),
            Channel::Identity | Channel::Zero => {}
        }
    }

    fn blocks(&mut self, layout: &ChannelLayout, first: usize, out: &mut BitWriter<'_>) {
        let [z_cd, z_sd, ..] = &mut self.lanes;
        self.masks.read(self.input, first, z_cd, &mut self.scratch);
        self.server_pixels.fill(layout.format.n, first as u64, z_sd);
        let knots = layout.knots;
        (0..knots).for_each(|knot| self.decisions(layout, knot, out));
        self.pixels(layout, first, out);
        (1..knots).for_each(|knot| self.more_pixels(layout, knot, first, out));
    }

    /// Tables and shares of `lam` of one knot.
    fn decisions(&mut self, layout: &ChannelLayout, knot: usize, out: &mut BitWriter<'_>) {
        let (format, tiling, count) = (layout.format, layout.tiling, layout.tiling.len());
        let at = layout.first_decision(knot);
        let client = |kind| self.masks.stream(self.node, kind);
        let [z_cd, _, lam, _, a, b, ..] = &mut self.lanes;
        self.own.fill(1, at, &mut lam[..count]);

        let (sums, s_sd) = (&mut a[..count], &mut b[..count]);
        sums.fill(0);
        tiling.add_sums(0, z_cd, sums);
        self.window.fill(format.w, at, s_sd);
        let mut tables = Wiped::new(vec![0; count * format.table_words()]);
        client_tables(&mut client(Kind::CdTable), format, at, &mut tables);
        block_relu::deal_tables(format, sums, s_sd, &lam[..count], &mut tables);
        out.push((1u8 << format.table_log2().min(5)).min(32), &tables);

        let shares = &mut a[..count];
        client(Kind::CdLam).fill(format.k, at, shares);
        block_relu::deal_lam(format, &lam[..count], shares);
        out.push(format.k, shares);
    }

    /// The parts of the pixels for the first knot.
    fn pixels(&mut self, layout: &ChannelLayout, first: usize, out: &mut BitWriter<'_>) {
        let (format, at) = (layout.format, layout.pixel_address(0, first));
        self.spread_lam(layout, 0);
        let client = |kind| self.masks.stream(self.node, kind);
        let [z_cd, z_sd, _, spread, a, b, c, d] = &mut self.lanes;
        client(Kind::CdLamMask).fill(format.k, at, a);
        if format.extra() > 0 {
            client(Kind::CdCarry).fill(format.extra(), at, b);
            client(Kind::CdTop).fill(format.extra(), at, c);
            client(Kind::CdLamTop).fill(format.extra(), at, d);
        }
        let mut parts = block_relu::PixelParts { lam_mask: a, carry: b, top: c, lam_top: d };
        block_relu::deal_pixels(format, z_cd, z_sd, spread, &mut parts);
        out.push(format.k, parts.lam_mask);
        if format.extra() > 0 {
            [parts.carry, parts.top, parts.lam_top].iter().for_each(|part| out.push(format.extra(), part));
        }
    }

    /// The parts of the pixels for another knot.
    fn more_pixels(&mut self, layout: &ChannelLayout, knot: usize, first: usize, out: &mut BitWriter<'_>) {
        let (format, at) = (layout.format, layout.pixel_address(knot, first));
        self.spread_lam(layout, knot);
        let client = |kind| self.masks.stream(self.node, kind);
        let [z_cd, z_sd, _, spread, lam_mask, lam_top, ..] = &mut self.lanes;
        client(Kind::CdLamMask).fill(format.k, at, lam_mask);
        if format.extra() > 0 {
            client(Kind::CdLamTop).fill(format.extra(), at, lam_top);
        }
        piecewise::deal_pixels(format, z_cd, z_sd, spread, lam_mask, lam_top);
        out.push(format.k, lam_mask);
        if format.extra() > 0 {
            out.push(format.extra(), lam_top);
        }
    }

    /// Gives every pixel its block's `lam` of a knot.
    fn spread_lam(&mut self, layout: &ChannelLayout, knot: usize) {
        let [_, _, lam, spread, ..] = &mut self.lanes;
        let lam = &mut lam[..layout.tiling.len()];
        self.own.fill(1, layout.first_decision(knot), lam);
        layout.tiling.spread(0, lam, spread);
    }

    fn identity(&mut self, layout: &ChannelLayout, first: usize, out: &mut BitWriter<'_>) {
        let (n, k) = (layout.format.n, layout.format.k);
        let [z_cd, eps, cross, ..] = &mut self.lanes;
        self.masks.read(self.input, first, z_cd, &mut self.scratch);
        self.server_extend.fill(1, first as u64, eps);
        self.masks.stream(self.node, Kind::CdCross).fill(k - n, first as u64, cross);
        extend::deal(z_cd, eps, cross, n, k);
        out.push(k - n, cross);
    }
}

/// The client's table shares, whole words where a table has them, else one table a word.
fn client_tables(stream: &mut Stream, format: block_relu::Widths, first: u64, tables: &mut [u32]) {
    let log2 = format.table_log2();
    if log2 >= 5 {
        stream.words(log2, first, tables);
        return;
    }
    let mut bits = Wiped::new(vec![0; tables.len() << log2]);
    stream.fill(1, first << log2, &mut bits);
    for (table, bits) in tables.iter_mut().zip(bits.chunks(1 << log2)) {
        *table = bits.iter().rev().fold(0, |table, bit| table << 1 | bit) & ring::mask(1 << log2);
    }
}
