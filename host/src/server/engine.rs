//! One inference at the server: computes up to the next exchange, opens, closes, and so on to the output.

use std::ops::Range;
use std::sync::Arc;

use brelu_core::bits::BitReader;
use brelu_core::cost;
use brelu_core::local::offset;
use brelu_core::plan::{NodeId, Op};
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_core::ring;
use brelu_core::share::{self, Share};
use rayon::prelude::*;

use super::linear::{self, Halves};
use super::material::Material;
use super::model::ServerModel;
use super::open::{Decisions, Opening};
use super::product::Product;
use crate::local::local;
use crate::packed::Packed;
use crate::state::StateError;

/// What an inference needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Open these activation layers and products, then close each with the client's answer.
    Exchange(Range<NodeId>),
    /// Send this message: the server's component of the output.
    Output(Vec<u8>),
}

/// A running inference. It owns its material, which is gone afterwards.
pub struct Evaluation {
    model: Arc<ServerModel>,
    key: PairKey,
    inference: u64,
    material: Material,
    tensors: Vec<Component>,
    opened: Vec<(NodeId, Vec<Decisions>)>,
    next: NodeId,
}

/// The server's component of a tensor; empty before it is computed and after its last use.
type Component = Share<share::Server, Vec<u32>>;

impl std::fmt::Debug for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evaluation(inference {}, redacted)", self.inference)
    }
}

impl Evaluation {
    /// Starts with the client's masked input. `key` is shared with the dealer.
    pub fn new(
        model: Arc<ServerModel>,
        key: PairKey,
        inference: u64,
        material: Material,
        input: &[u8],
    ) -> Self {
        let node = model.plan().input();
        let mut masked = vec![0; node.shape.len()];
        BitReader::at(input, 0).pull(node.bits, &mut masked);
        let mut tensors: Vec<_> = (0..model.plan().len()).map(|_| Component::new(Vec::new())).collect();
        tensors[0] = Component::new(masked);
        Self { model, key, inference, material, tensors, opened: Vec::new(), next: 1 }
    }

    /// Computes up to the next exchange or the end.
    ///
    /// # Errors
    /// If what was prepared cannot be had from the store.
    pub fn advance(&mut self) -> Result<Stage, StateError> {
        while usize::from(self.next) < self.model.plan().len() {
            let flight = self.model.plan().flight(self.next);
            if !flight.is_empty() {
                self.next = flight.end;
                self.material.take(usize::from(flight.end))?;
                return Ok(Stage::Exchange(flight));
            }
            self.material.take(usize::from(self.next) + 1)?;
            self.step(self.next);
            self.next += 1;
        }
        let node = self.model.plan().output();
        let a = self.tensors[usize::from(self.model.plan().output_id())].words();
        let bits = cost::opening(self.model.plan(), self.model.plan().output_id()).server_online;
        Ok(Stage::Output(Packed::build(bits, |writer| writer.push(node.bits, a)).into_bytes()))
    }

    fn step(&mut self, id: NodeId) {
        let (node, index) = (self.model.plan().node(id), usize::from(id));
        let out = match &node.op {
            Op::Linear { terms, fraction } => {
                let inputs: Vec<&[u32]> =
                    terms.iter().map(|term| self.tensors[usize::from(term.input)].words()).collect();
                let messages = self.material.of(id);
                let halves = Halves { u: &messages.dealer, v: &messages.client };
                let rounding = || self.key.stream(Address::new(self.inference, id, Kind::SdRounding));
                let node_model = &self.model.linear[index];
                linear::run(node_model, node.shape, node.bits, *fraction, &inputs, &halves, rounding)
            }
            _ => {
                let get =
                    |id: NodeId| (self.model.plan().node(id).shape, self.tensors[usize::from(id)].words());
                let mut out = local(&node, get).unwrap_or_default();
                let offsets = &self.model.offsets[index];
                if !offsets.is_empty() {
                    offset(&mut out, node.shape.plane(), offsets.iter().map(|offset| *offset as u32));
                    ring::reduce(&mut out, node.bits);
                }
                out
            }
        };
        self.material.wipe(id);
        self.tensors[index] = Component::new(out);
        self.forget(id);
    }

    /// Drops tensors that no node after `id` reads.
    fn forget(&mut self, id: NodeId) {
        for (tensor, last) in self.tensors.iter_mut().zip(&self.model.last_use) {
            if *last <= usize::from(id) && !tensor.words().is_empty() {
                *tensor = Component::new(Vec::new());
            }
        }
    }

    fn opening(&self, id: NodeId) -> Option<Opening<'_>> {
        let layer = self.model.layers[usize::from(id)].as_ref()?;
        let Op::Activation { channels, .. } = self.model.plan().node(id).op else { return None };
        Some(Opening {
            layer,
            channels,
            key: &self.key,
            inference: self.inference,
            node: id,
            dealt: &self.material.of(id).dealer,
            a: self.tensors[usize::from(layer.input)].words(),
        })
    }

    fn product(&self, id: NodeId) -> Option<Product<'_>> {
        let node = self.model.plan().node(id);
        let Op::Product { inputs, fraction } = node.op else { return None };
        let factors = inputs.map(|input| self.tensors[usize::from(input)].words());
        Some(Product { node, id, fraction, key: &self.key, inference: self.inference, factors })
    }

    /// Opens layer or product `id` to the client: calls `emit` with the pieces of the message in order, as they are ready.
    ///
    /// # Errors
    /// The first one of `emit`, which ends the work.
    pub fn open<E>(&mut self, id: NodeId, mut emit: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let mut decisions = Vec::new();
        if let Some(product) = self.product(id) {
            let mut tail = Packed::default();
            product.open().iter().for_each(|piece| tail.append(piece));
            emit(tail.into_bytes())?;
        }
        if let Some(opening) = self.opening(id) {
            let mut tail = Packed::default();
            let groups: Vec<usize> = (0..opening.layer.groups.len()).collect();
            for wave in groups.chunks(2 * rayon::current_num_threads()) {
                let pieces: Vec<_> = wave.par_iter().map(|group| opening.open(*group)).collect();
                for (piece, decided) in pieces {
                    tail.append(&piece);
                    decisions.push(decided);
                }
                emit(tail.take_whole())?;
            }
            emit(tail.into_bytes())?;
        }
        self.opened.push((id, decisions));
        Ok(())
    }

    /// Bits of the client's answer to layer or product `id`.
    pub fn answer_bits(&self, id: NodeId) -> u64 {
        cost::step(self.model.plan(), id).client_online
    }

    /// Finishes layer or product `id` with the client's answer, a message of [`Self::answer_bits`] bits.
    pub fn close(&mut self, id: NodeId, reply: &[u8]) {
        let Some(at) = self.opened.iter().position(|(opened, _)| *opened == id) else { return };
        let (_, decisions) = self.opened.swap_remove(at);
        let mut out = match self.product(id) {
            Some(product) => product.close(&self.material.of(id).dealer, reply),
            None => vec![0; self.model.plan().node(id).shape.len()],
        };
        if let Some(opening) = self.opening(id) {
            let step = opening.layer.groups.first().map_or(1, |group| group.len());
            let plane = self.model.plan().node(id).shape.plane();
            out.par_chunks_mut(step * plane).zip(&decisions).enumerate().for_each(
                |(group, (out, decisions))| {
                    opening.close(group, decisions, reply, out);
                },
            );
        }
        self.tensors[usize::from(id)] = Component::new(out);
        self.material.wipe(id);
        if self.opened.is_empty() {
            self.forget(id);
        }
    }
}
