//! Plans: whatever parses can be costed, and whatever small parties take from it they can walk: masks are regenerated
//! anywhere, the dealer deals every node, the client prepares and infers in the least memory, and nothing takes more than it
//! said. Length and checksum are put right first, or nothing would get past them.
#![no_main]

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use brelu_core::client::{Client, ClientKeys, Memory, Portable, Workspace};
use brelu_core::cost;
use brelu_core::masks::Masks;
use brelu_core::plan::{NodeId, Plan};
use brelu_core::prf::PairKey;
use brelu_core::transport::{FrameKind, Transport};
use brelu_host::dealer::{DealerKeys, DealerModel};
use brelu_host::limits::PlanLimits;
use brelu_host::local::local;
use brelu_host::plan_file::OwnedPlan;
use libfuzzer_sys::fuzz_target;

#[path = "plan/checksum.rs"]
mod checksum;

/// A small machine, so that what it takes is walked in little time.
const SMALL: PlanLimits = PlanLimits { memory: 96 << 20, work: 1 << 22 };

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    checksum::put_right(&mut file);
    let Ok(plan) = Plan::parse(&file) else { return };
    let total = cost::total(&plan);
    assert!(total.bits.total() <= 8 * total.bytes.total());
    assert!(Memory::least(&plan) <= Memory::best(&plan));
    for refused in [SMALL.dealer(&plan).err(), SMALL.server(&plan).err(), SMALL.client(&plan).err()] {
        let words = refused.map(|refused| refused.to_string());
        assert!(
            words.is_none_or(|words| words.starts_with("this plan takes") || words.starts_with("an inf"))
        );
    }
    if SMALL.dealer(&plan).is_ok() {
        masks(&plan);
        deal(&file);
    }
    if SMALL.server(&plan).is_ok() {
        tensors(&plan);
    }
    if SMALL.client(&plan).is_ok() {
        infer(&plan);
    }
});

/// The masks that an inference reads, at their ends and in their middle, in the least memory and in more.
fn masks(plan: &Plan<'_>) {
    let key = PairKey::new([1; 32]);
    let masks = Masks::new(plan, &key, 1);
    let mut read = vec![plan.output_id()];
    for (_, node) in plan.nodes() {
        if node.op.is_linear() || node.op.is_exchange() {
            read.extend(node.op.inputs());
        }
    }
    for piece in [1, 48] {
        let mut scratch = vec![0; Masks::scratch_words(plan, piece)];
        for id in &read {
            let len = plan.node(*id).shape.len();
            let mut out = vec![0; len.min(64)];
            for first in [0, (len - out.len()) / 2, len - out.len()] {
                masks.read(*id, first, &mut out, &mut scratch);
            }
        }
    }
}

fn deal(file: &[u8]) {
    let Ok(owned) = OwnedPlan::parse(file.to_vec()).map(Arc::new) else { return };
    let plan = owned.get();
    let weights = |id, index: usize| vec![7; plan.node(id).op.terms()[index].map.weight_len()];
    let model = DealerModel::new(owned.clone(), weights).expect("kernels take the maps of a checked plan");
    let [client, server, own] = [1, 2, 3].map(|byte| PairKey::new([byte; 32]));
    let keys = DealerKeys { client, server, own };
    for id in 0..plan.len() as NodeId {
        let message = model.deal(&keys, 1, id);
        assert_eq!(message.len() as u64, cost::step(plan, id).to_bytes().dealer_offline);
    }
}

/// The local operations on whole tensors, as the server does them.
fn tensors(plan: &Plan<'_>) {
    let mut known: Vec<Vec<u32>> = Vec::new();
    for (id, node) in plan.nodes() {
        let get = |input: NodeId| (plan.node(input).shape, &known[usize::from(input)][..]);
        let tensor = local(&node, get).unwrap_or_else(|| vec![u32::from(id); node.shape.len()]);
        assert_eq!(tensor.len(), node.shape.len());
        known.push(tensor);
    }
}

fn infer(plan: &Plan<'_>) {
    let (mut words, mut incoming, mut outgoing) = (vec![0; Memory::least(plan)], [0; 64], [0; 64]);
    let work = Workspace { words: &mut words, incoming: &mut incoming, outgoing: &mut outgoing };
    let keys = ClientKeys { dealer: PairKey::new([1; 32]), weights: PairKey::new([2; 32]) };
    let mut client = Client::new(plan, keys, Zeros(Cell::default()), Portable, work).expect("memory");
    let input = vec![3; plan.input().shape.len()];
    let mut output = vec![0; plan.output().shape.len()];
    now(client.prepare(1, &mut |_, _| {})).expect("prepared");
    now(client.infer(1, &input[..], &mut output, &mut |_, _| {})).expect("a result");
}

/// Takes everything, and answers with as many zeros as the client wants to have.
#[derive(Default)]
struct Zeros(Cell<Option<[u8; 8]>>);

impl Transport for Zeros {
    type Error = Infallible;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Infallible> {
        if kind == FrameKind::Prepare {
            self.0.set(payload.try_into().ok());
        }
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), Infallible> {
        buffer[..16].fill(0);
        let Some(number) = self.0.take() else { return Ok((FrameKind::Data, 1)) };
        buffer[..8].copy_from_slice(&number);
        Ok((FrameKind::Ready, 16))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
