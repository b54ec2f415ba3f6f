//! Random networks between real sessions, against the plaintext reference and the cost formulas.

use brelu_core::cost;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, Knot, NodeId, Permutation, PiecewiseBuf};
use brelu_tests::build::Builder;
use brelu_tests::reference;
use brelu_tests::wire::honest;
use brelu_tests::world::World;
use proptest::prelude::*;
use proptest::test_runner::Config;

const K: u8 = 26;
const F: u8 = 12;
const N: u8 = K - F;
const W: u8 = 7;

/// One layer of a random network.
#[derive(Clone, Debug)]
enum Layer {
    Conv { out: u32, kernel: u16, stride: u16, dilation: u16, pads: [u16; 4], depthwise: bool },
    Residual { kernel: u16 },
    Pool { kernel: u16, stride: u16 },
    Slice { start: u32, step: u32 },
    Joined,
    Doubled,
    Gated { planes: bool },
    Turned { to_space: bool },
}

fn layers() -> impl Strategy<Value = Vec<(Layer, Vec<u8>)>> {
    let conv = (1u32..5, 1u16..4, 1u16..3, 1u16..3, any::<[bool; 4]>(), any::<bool>()).prop_map(
        |(out, kernel, stride, dilation, pads, depthwise)| Layer::Conv {
            out,
            kernel,
            stride,
            dilation,
            pads: pads.map(u16::from),
            depthwise,
        },
    );
    let layer = prop_oneof![
        3 => conv,
        2 => (0u16..2).prop_map(|half| Layer::Residual { kernel: 2 * half + 1 }),
        1 => (1u16..4, 1u16..3).prop_map(|(kernel, stride)| Layer::Pool { kernel, stride }),
        1 => (0u32..2, 1u32..3).prop_map(|(start, step)| Layer::Slice { start, step }),
        1 => Just(Layer::Joined),
        1 => Just(Layer::Doubled),
        2 => any::<bool>().prop_map(|planes| Layer::Gated { planes }),
        1 => any::<bool>().prop_map(|to_space| Layer::Turned { to_space }),
    ];
    prop::collection::vec((layer, prop::collection::vec(any::<u8>(), 8)), 1..5)
}

/// Numbers from a seed.
struct Values(u64);

impl Values {
    fn many(&mut self, count: usize, bound: i64) -> Vec<i32> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.0 >> 33) as i64 % (2 * bound + 1) - bound) as i32
        };
        (0..count).map(next).collect()
    }
}

/// A function of one to three knots, as `layer` says, whose values have about the magnitudes of what they are of.
fn function(layer: u8, channel: u8) -> PiecewiseBuf {
    let at = i32::from(channel) << (N - 12);
    let knots = [Knot { at: -at, slope: 1 }, Knot { at, slope: -2 }, Knot { at: 2 * at, slope: 1 }];
    match usize::from(layer / 4 % 3) {
        0 => PiecewiseBuf::new(-1, -2 * at, &[Knot { at: -at, slope: 2 }]),
        more => PiecewiseBuf::new(0, -at, &knots[..1 + more]),
    }
    .expect("a few knots")
}

struct Network {
    builder: Builder,
    values: Values,
    top: NodeId,
}

impl Network {
    fn shape(&self) -> Shape {
        self.builder.shape(self.top)
    }

    /// Weights whose sums of products stay below 2^F times the largest input.
    fn conv(&mut self, map: Conv2d) -> NodeId {
        self.linear(map, F)
    }

    fn linear(&mut self, map: Conv2d, dropped: u8) -> NodeId {
        let bound = ((1 << (F - 1)) / map.fan_in() as i64).max(1);
        let weights = self.values.many(map.weight_len(), bound);
        let bias = self.values.many(map.out_channels as usize, 1 << 14);
        self.builder.linear(&[(self.top, map, weights)], bias, K - dropped, dropped)
    }

    fn activate(&mut self, z: NodeId, choices: &[u8]) -> NodeId {
        let shape = self.builder.shape(z);
        let channel = |index: u32| {
            let choice = u32::from(choices[index as usize % choices.len()]);
            match choice % 5 {
                0 => Channel::Identity,
                1 if choice > 200 => Channel::Zero,
                1 | 2 => Channel::relu(N - W),
                _ => Channel::Blocks {
                    height: (1 + choice / 5 % shape.height.min(3)) as u16,
                    width: (1 + choice / 15 % shape.width.min(3)) as u16,
                    lo: N - W,
                },
            }
        };
        let channels: Vec<Channel> = (0..shape.channels).map(channel).collect();
        match choices[0] % 4 {
            0 => {
                let function = |index: usize| function(choices[0], choices[index % choices.len()]);
                let pairs: Vec<_> =
                    channels.iter().enumerate().map(|(at, channel)| (*channel, function(at))).collect();
                self.builder.piecewise(z, K, W, &pairs)
            }
            _ => self.builder.activation(z, K, W, &channels),
        }
    }

    fn push(&mut self, layer: &Layer, choices: &[u8]) {
        let input = self.shape();
        match *layer {
            Layer::Conv { out, kernel, stride, dilation, pads, depthwise } => {
                let (groups, out) =
                    if depthwise { (input.channels, input.channels * out.min(2)) } else { (1, out) };
                let map = Conv2d {
                    input,
                    out_channels: out,
                    groups,
                    kernel: [kernel; 2],
                    stride: [stride; 2],
                    dilation: [dilation; 2],
                    pads,
                };
                if map.output().is_some() {
                    let z = self.conv(map);
                    self.top = self.activate(z, choices);
                }
            }
            Layer::Residual { kernel } => {
                let map = Conv2d {
                    input,
                    out_channels: input.channels,
                    groups: 1,
                    kernel: [kernel; 2],
                    stride: [1; 2],
                    dilation: [1; 2],
                    pads: [kernel / 2; 4],
                };
                let z = self.conv(map);
                let sum = self.builder.add(z, self.top, false, N);
                self.top = self.activate(sum, choices);
            }
            Layer::Pool { kernel, stride } => {
                let size =
                    |size: u32| (size + u32::from(kernel / 2)).saturating_sub(1) / u32::from(stride) + 1;
                let out = [size(input.height).min(input.height), size(input.width).min(input.width)];
                // The mean, as a sum and a 1x1 map, so that magnitudes stay where they are.
                self.top = self.builder.sum_pool(self.top, [kernel; 2], [stride; 2], [kernel / 2; 2], out);
                let input = self.shape();
                let map = Conv2d { input, groups: input.channels, ..point(input) };
                let weights = vec![(1 << F) / i32::from(kernel * kernel) - 1; input.channels as usize];
                let bias = vec![0; input.channels as usize];
                let z = self.builder.linear(&[(self.top, map, weights)], bias, N, F);
                self.top = self.activate(z, choices);
            }
            Layer::Slice { start, step } => {
                let size = |size: u32| (size.saturating_sub(start)).div_ceil(step).max(1);
                let shape = Shape::new(input.channels + 1, size(input.height), size(input.width));
                let axis = Axis::slice(start as i32, step as i32);
                self.top = self.builder.view(self.top, shape, [Axis::slice(-1, 1), axis, axis], Edge::Zero);
            }
            Layer::Doubled => {
                // Twice less once, so that magnitudes stay where they are.
                let twice = self.builder.shift(self.top, 1);
                self.top = self.builder.add(twice, self.top, true, K);
            }
            Layer::Gated { planes } => {
                let z = self.conv(point(input));
                let gate = self.activate(z, choices);
                let gates = if planes { Shape::new(input.channels, 1, 1) } else { input };
                // The product may not read the activation directly.
                let gate = self.builder.view(gate, gates, [Axis::SAME; 3], Edge::Zero);
                let product = self.builder.product(self.top, gate, N, F);
                let apart = self.builder.low(product, N);
                self.top = self.activate(apart, choices);
            }
            Layer::Turned { to_space } => {
                let Shape { channels, height, width } = input;
                let (shape, dims, order) = match to_space && channels.is_multiple_of(2) {
                    true => (
                        Shape::new(channels / 2, height, 2 * width),
                        [2, channels / 2 * height, width],
                        [1, 2, 0],
                    ),
                    false => (Shape::new(width, channels, height), [channels, height, width], [2, 0, 1]),
                };
                let permutation = Permutation::new(&dims, &order).expect("three axes");
                self.top = self.builder.permute(self.top, shape, permutation);
            }
            Layer::Joined => {
                let (left, right) = (self.conv(point(input)), self.conv(point(input)));
                let (left, right) = (self.activate(left, choices), self.activate(right, &choices[1..]));
                self.top = self.builder.concat(&[left, right]);
            }
        }
    }
}

fn point(input: Shape) -> Conv2d {
    Conv2d {
        input,
        out_channels: input.channels,
        groups: 1,
        kernel: [1; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [0; 4],
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn random_networks_compute_what_plaintext_does(
        shape in (1u32..4, 3u32..9, 3u32..9), layers in layers(), seed: u64, small: bool, exact: bool,
    ) {
        let shape = Shape::new(shape.0, shape.1, shape.2);
        let mut network = Network { builder: Builder::new(shape, K), values: Values(seed), top: 0 };
        for (layer, choices) in &layers {
            network.push(layer, choices);
        }
        let flat = network.builder.flatten(network.top);
        network.top = flat;
        let outputs = Conv2d::dense(network.shape().channels, 4);
        network.linear(outputs, if exact { 0 } else { F });
        let input = network.values.many(shape.len(), 1 << 9);
        let (plan, make_weights) = network.builder.finish();
        let mut kept = None;
        let world = World::new(plan, |plan| kept.insert(make_weights(plan)).clone());
        let world = if small { world.with_small_client() } else { world };
        let (expected, load) = reference::run(world.plan(), kept.as_ref().unwrap(), &input);
        prop_assume!(load <= 1.0);
        let outcome = world.run(&[input], honest()).unwrap();
        for (value, expected) in outcome.outputs[0].iter().zip(&expected) {
            prop_assert!(expected.contains(i64::from(*value)), "{} not in {:?}", value, expected);
        }
        let total = cost::total(world.plan());
        prop_assert_eq!(outcome.traffic, total.bytes);
        prop_assert_eq!(outcome.round_trips, total.round_trips);
    }
}
