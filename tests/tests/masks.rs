//! Masks regenerated piece by piece are those of the operations on whole tensors.

use std::collections::HashMap;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::masks::Masks;
use brelu_core::plan::{Axis, Channel, Edge, NodeId, Op, Permutation, Plan};
use brelu_core::prf::{Kind, PairKey};
use brelu_core::protocol::extend;
use brelu_host::local::local;
use brelu_tests::build::Builder;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// One more node of a random plan: what it does, which nodes it reads, and its parameters.
type Step = (u8, [u16; 2], [u8; 8]);

/// A plan of nodes of all kinds that read any of those before.
fn build(steps: &[Step]) -> Vec<u8> {
    let mut builder = Builder::new(Shape::new(3, 5, 7), 20);
    let mut nodes: Vec<NodeId> = vec![0];
    for (kind, reads, numbers) in steps {
        let [one, other] = reads.map(|read| nodes[usize::from(read) % nodes.len()]);
        let shape = builder.shape(one);
        let number = |index: usize| u32::from(numbers[index]);
        let id = match kind % 10 {
            0 if builder.shape(other) == shape => {
                let bits = builder.bits(one).min(builder.bits(other));
                builder.add(one, other, numbers[0].is_multiple_of(2), bits)
            }
            1 => builder.flatten(one),
            2 => builder.offset(one, vec![1; shape.channels as usize]),
            3 if (builder.shape(other).height, builder.shape(other).width) == (shape.height, shape.width) => {
                builder.concat(&[one, other, one])
            }
            4 => {
                let axis = |index: usize| Axis {
                    num: number(index) as i32 % 7 - 3,
                    add: number(index) as i32 / 4 % 9 - 4,
                    den: 1 + number(index) as i32 / 64,
                };
                let to = Shape::new(1 + number(3) % 4, 1 + number(4) % 6, 1 + number(5) % 9);
                let edge = if numbers[6].is_multiple_of(2) { Edge::Zero } else { Edge::Clamp };
                builder.view(one, to, [axis(0), axis(1), axis(2)], edge)
            }
            5 => {
                let kernel = [1 + numbers[0] % 4, 1 + numbers[1] % 4].map(u16::from);
                let stride = [1 + numbers[2] % 3, 1 + numbers[3] % 3].map(u16::from);
                let pads = [u16::from(numbers[4]) % kernel[0], u16::from(numbers[5]) % kernel[1]];
                let out =
                    |size: u32, axis: usize| 1 + (size + u32::from(pads[axis]) - 1) / u32::from(stride[axis]);
                builder.sum_pool(one, kernel, stride, pads, [out(shape.height, 0), out(shape.width, 1)])
            }
            7 => {
                let bits = builder.bits(one).min(20);
                let apart = builder.offset(one, vec![0; shape.channels as usize]);
                builder.product(apart, apart, bits - 4, 4)
            }
            6 => {
                // A transposition of parts of its axes.
                let part = |size: u32, index: usize| {
                    (1..=4)
                        .rev()
                        .find(|part| size.is_multiple_of(*part) && *part <= 1 + number(index) % 4)
                        .unwrap_or(1)
                };
                let split = |size: u32, index: usize| [size / part(size, index), part(size, index)];
                let dims = [split(shape.channels, 0), split(shape.height, 1), split(shape.width, 2)].concat();
                let mut order: Vec<u8> = (0..6).collect();
                order.sort_by_key(|axis| {
                    number(3 + usize::from(*axis) % 5).wrapping_mul(7 + u32::from(*axis)) % 16
                });
                builder.permute(one, shape.flat(), Permutation::new(&dims, &order).expect("six axes"))
            }
            8 => {
                let map = Conv2d::square(shape, 2, 1, 1, 0);
                let bits = builder.bits(one).min(20);
                builder.linear(&[(one, map, vec![1; map.weight_len()])], vec![0; 2], bits - 4, 4)
            }
            _ => {
                let channel = |index: u32| match (index + number(0)) % 3 {
                    0 => Channel::relu(2),
                    1 => Channel::Identity,
                    _ => Channel::Zero,
                };
                let channels: Vec<_> = (0..shape.channels).map(channel).collect();
                let bits = builder.bits(one);
                // An activation between two others would share their round trip and must not read them.
                let apart = builder.offset(one, vec![0; shape.channels as usize]);
                builder.activation(apart, bits + (numbers[1] % 5).min(20 - bits.min(20)), 3, &channels)
            }
        };
        if builder.shape(id).len() > 4000 || builder.bits(id) < 8 {
            break;
        }
        nodes.push(id);
    }
    builder.finish().0
}

/// The mask of a whole tensor, as its definition says.
fn whole<'t>(masks: &Masks<'_>, id: NodeId, known: &'t mut HashMap<NodeId, Vec<u32>>) -> &'t [u32] {
    let plan = masks.plan();
    let node = plan.node(id);
    if !known.contains_key(&id) {
        let reads = !matches!(node.op, Op::Linear { .. } | Op::Product { .. });
        node.op.inputs().iter().filter(|_| reads).for_each(|input| {
            whole(masks, *input, known);
        });
        let mut out = vec![0; node.shape.len()];
        match &node.op {
            Op::Input | Op::Linear { .. } | Op::Product { .. } => {
                masks.read(id, 0, &mut out, &mut scratch(plan, 1))
            }
            Op::Activation { input, channels, .. } => {
                let (n, plane) = (plan.node(*input).bits, node.shape.plane());
                for (index, out) in out.chunks_mut(plane).enumerate() {
                    let first = index * plane;
                    match channels.get(index) {
                        Channel::Zero => {}
                        Channel::Blocks { .. } => {
                            masks.stream(id, Kind::CdActivation).fill(node.bits, first as u64, out);
                        }
                        Channel::Identity => {
                            out.copy_from_slice(&known[input][first..first + plane]);
                            out.iter_mut().for_each(|mask| *mask &= (1 << n) - 1);
                            if node.bits > n {
                                let mut q = vec![0; plane];
                                masks.stream(id, Kind::CdExtend).fill(node.bits - n, first as u64, &mut q);
                                extend::mask(out, &q, n, node.bits);
                            }
                        }
                    }
                }
            }
            _ => out = local(&node, |id| (plan.node(id).shape, &known[&id][..])).expect("a local node"),
        }
        known.insert(id, out);
    }
    &known[&id]
}

fn scratch(plan: &Plan<'_>, piece: usize) -> Vec<u32> {
    vec![0; Masks::scratch_words(plan, piece)]
}

fn check(file: &[u8], pieces: &[usize]) {
    let plan = Plan::parse(file).expect("a valid plan");
    let key = PairKey::new([9; 32]);
    let (masks, mut known) = (Masks::new(&plan, &key, 77), HashMap::new());
    for (id, node) in plan.nodes() {
        let expected = whole(&masks, id, &mut known).to_vec();
        for piece in pieces {
            // What is regenerated must not depend on what the memory held before.
            let mut scratch = vec![0xdead_beef; Masks::scratch_words(&plan, *piece)];
            let mut out = vec![0xdead_beef; node.shape.len()];
            for (index, out) in out.chunks_mut(piece * 3 + 1).enumerate() {
                masks.read(id, index * (piece * 3 + 1), out, &mut scratch);
            }
            assert_eq!(out, expected, "node {id}: {:?} in pieces of {piece}", node.op);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, ..Config::default() })]
    #[test]
    fn pieces_of_any_size_are_pieces_of_the_whole(
        steps in prop::collection::vec((any::<u8>(), any::<[u16; 2]>(), any::<[u8; 8]>()), 1..14),
    ) {
        check(&build(&steps), &[1, 5, 64, 1000]);
    }
}

#[test]
fn rows_of_nested_nodes_do_not_meet() {
    let mut builder = Builder::new(Shape::new(2, 8, 8), 16);
    let mut top = 0;
    for level in 0..4 {
        let pool = builder.sum_pool(top, [3, 3], [1, 1], [1, 1], [8, 8]);
        let flipped = Axis { num: 1, add: level, den: 1 };
        let view = builder.view(top, Shape::new(2, 8, 8), [Axis::SAME, Axis::SAME, flipped], Edge::Clamp);
        let sum = builder.add(pool, view, level % 2 == 0, 16);
        top = builder.add(top, sum, true, 16);
    }
    check(&builder.finish().0, &[1, 7, 128]);
}
