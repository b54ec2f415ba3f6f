//! Every step of the protocol by itself, between real sessions, against the plaintext reference and the cost formulas.

use brelu_core::client::{LinearKernel, Portable};
use brelu_core::cost;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, Knot, PiecewiseBuf, Plan};
use brelu_core::prf::{Address, PairKey};
use brelu_core::ring;
use brelu_kernels::ring::{Backend, Linear};
use brelu_tests::build::Builder;
use brelu_tests::check::{Values, check};

fn activation(n: u8, k: u8, w: u8, shape: Shape, channels: &[Channel], bound: i64) -> f64 {
    let mut builder = Builder::new(shape, n);
    builder.activation(0, k, w, channels);
    let mut values = Values(u64::from(n) << 8 | u64::from(k));
    check(builder, &[values.many(shape.len(), bound), values.many(shape.len(), bound)])
}

#[test]
fn relu_is_exact_with_a_full_window() {
    for (n, k, w) in [(10, 20, 10), (11, 27, 11), (8, 8, 8), (2, 4, 2)] {
        let shape = Shape::new(3, 5, 7);
        let channels = [Channel::relu(0); 3];
        let width = activation(n, k, w, shape, &channels, (1 << (n - 2)) - 1 + i64::from(n == 2));
        assert_eq!(width, 0.0);
    }
}

/// ReLU6, LeakyReLU (times ten), a hard sigmoid, an absolute value, and a curve of five knots; `one` is 1.0.
fn functions(one: i32) -> [PiecewiseBuf; 5] {
    let knot = |at: i32, slope| Knot { at: at * one, slope };
    let new = |slope, offset: i32, knots: &[Knot]| PiecewiseBuf::new(slope, offset * one, knots).unwrap();
    let curve = [knot(-4, 1), knot(-2, 2), knot(0, 3), knot(2, -4), knot(4, -2)];
    [
        new(0, 0, &[knot(0, 1), knot(6, -1)]),
        new(1, 0, &[knot(0, 9)]),
        new(0, 5, &[knot(-3, 2), knot(3, -2)]),
        new(-1, 0, &[knot(0, 2)]),
        new(-1, -7, &curve),
    ]
}

/// A layer of each of [`functions`], every channel with blocks of its own; the mean width of what is allowed.
fn curves([n, k, w, lo]: [u8; 4], one: i32, blocks: &[(u16, u16)], bound: i64) -> Vec<f64> {
    let run = |function: PiecewiseBuf| {
        let shape = Shape::new(blocks.len() as u32, 9, 7);
        let channel = |(height, width): &(u16, u16)| {
            (Channel::Blocks { height: *height, width: *width, lo }, function.clone())
        };
        let mut builder = Builder::new(shape, n);
        builder.piecewise(0, k, w, &blocks.iter().map(channel).collect::<Vec<_>>());
        let mut values = Values(u64::from(n) << 8 | u64::from(k));
        check(builder, &[values.many(shape.len(), bound), values.many(shape.len(), bound)])
    };
    functions(one).map(run).to_vec()
}

#[test]
fn functions_of_any_knots_are_exact_with_a_full_window() {
    for (n, k, w) in [(11, 27, 11), (9, 16, 9), (6, 16, 6)] {
        assert_eq!(
            curves([n, k, w, 0], 1 << (n - 5), &[(1, 1); 2], (1 << (n - 2)) - 1),
            [0.0; 5],
            "{n} {k} {w}"
        );
    }
}

#[test]
fn functions_of_any_knots_by_blocks() {
    let blocks = [(1, 1), (2, 3), (9, 7), (1, 7), (4, 2)];
    curves([20, 32, 8, 12], 200, &blocks, 1500);
    curves([18, 30, 11, 7], 60, &blocks, 200);
}

/// Channels that pass and channels that are zero beside functions.
#[test]
fn functions_beside_identities_and_zeros() {
    let shape = Shape::new(5, 4, 6);
    let [relu6, _, sigmoid, ..] = functions(1 << 7);
    let channels = [Channel::Identity, Channel::relu(6), Channel::Zero, Channel::relu(5), Channel::Identity];
    let mut builder = Builder::new(shape, 12);
    builder.piecewise(
        0,
        24,
        6,
        &channels
            .map(|channel| (channel, (if channel == Channel::relu(5) { &sigmoid } else { &relu6 }).clone())),
    );
    let mut values = Values(3);
    check(builder, &[values.many(shape.len(), 200), values.many(shape.len(), 200)]);
}

/// A selection within one ring is right for every value that the window holds, which may be the whole ring.
#[test]
fn within_one_ring_values_take_all_of_it() {
    for n in [2, 5, 11] {
        let bound = (1 << (n - 1)) - 1;
        assert_eq!(activation(n, n, n, Shape::new(2, 16, 16), &[Channel::relu(0); 2], bound), 0.0);
    }
    for (n, w) in [(16, 11), (31, 8)] {
        let lo = n - w;
        let bound = (1i64 << (n - 1)) - (1 << lo);
        activation(n, n, w, Shape::new(2, 16, 16), &[Channel::relu(lo); 2], bound);
    }
}

#[test]
fn every_window_and_ring() {
    for (n, k, w) in [
        (18, 32, 8),
        (16, 32, 6),
        (20, 32, 10),
        (16, 28, 7),
        (12, 24, 6),
        (12, 24, 2),
        (12, 12, 5),
        (13, 29, 11),
    ] {
        let lo = n - w;
        let channels = [
            Channel::relu(lo),
            Channel::relu(lo.saturating_sub(1)),
            Channel::Identity,
            Channel::Zero,
            Channel::relu(lo),
        ];
        let reach = 1i64 << (n - 2).min(n - 2);
        let bound = (reach - (1 << lo)).min((1 << (lo.saturating_sub(1) + w - 1)) - (1 << lo)).max(1);
        activation(n, k, w, Shape::new(5, 6, 5), &channels, bound);
    }
}

#[test]
fn blocks_of_any_size_with_ragged_edges() {
    let shape = Shape::new(8, 19, 23);
    let blocks = [(1, 1), (2, 3), (4, 4), (19, 23), (1, 23), (19, 1), (5, 2), (7, 16)];
    for w in [6, 8, 11] {
        let n = 20;
        let lo = n - w;
        let channels: Vec<Channel> = blocks
            .iter()
            .map(|(height, width)| Channel::Blocks { height: *height, width: *width, lo })
            .collect();
        activation(n, 32, w, shape, &channels, 800);
    }
}

#[test]
fn planes_of_one_pixel() {
    activation(12, 24, 6, Shape::new(70, 1, 1), &[Channel::relu(6); 70], 900);
    activation(12, 24, 6, Shape::new(70, 1, 1), &[Channel::Identity; 70], 1023);
}

#[test]
fn linear_maps_of_any_geometry() {
    let mut values = Values(5);
    let shape = Shape::new(4, 9, 11);
    let base = Conv2d {
        input: shape,
        out_channels: 6,
        groups: 1,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        pads: [1; 4],
    };
    let maps = [
        base,
        Conv2d { stride: [2, 2], pads: [0, 0, 1, 1], ..base },
        Conv2d { groups: 2, dilation: [2, 3], pads: [2, 3, 2, 3], ..base },
        Conv2d { groups: 4, out_channels: 4, ..base },
        Conv2d { kernel: [1, 1], pads: [0; 4], ..base },
        Conv2d { kernel: [5, 1], stride: [3, 2], pads: [4, 0, 1, 0], ..base },
    ];
    for (n, f) in [(18, 14), (12, 12), (16, 16)] {
        for map in maps {
            let mut builder = Builder::new(shape, n + f);
            let weights = values.many(map.weight_len(), 1 << 6);
            let bias = values.many(map.out_channels as usize, 1 << 12);
            builder.linear(&[(0, map, weights)], bias, n, f);
            let width = check(builder, &[values.many(shape.len(), 1 << 9), values.many(shape.len(), 1 << 9)]);
            assert!((2.0..=3.0).contains(&width), "a truncation is off by 1.5 at most: {width}");
        }
    }
}

#[test]
fn added_terms_share_one_truncation() {
    let mut values = Values(6);
    let shape = Shape::new(3, 8, 8);
    let dense = Conv2d {
        input: shape,
        out_channels: 5,
        groups: 1,
        kernel: [3, 3],
        stride: [2, 2],
        dilation: [1, 1],
        pads: [1; 4],
    };
    let point = Conv2d { kernel: [1, 1], pads: [0; 4], ..dense };
    let mut builder = Builder::new(shape, 26);
    let terms =
        [(0, dense, values.many(dense.weight_len(), 500)), (0, point, values.many(point.weight_len(), 500))];
    builder.linear(&terms, values.many(5, 1000), 13, 13);
    assert!(check(builder, &[values.many(shape.len(), 1 << 10)]) <= 3.0);
}

#[test]
fn a_linear_map_that_drops_nothing_is_exact() {
    let mut values = Values(12);
    let shape = Shape::new(3, 6, 5);
    let map = Conv2d { out_channels: 4, ..Conv2d::square(shape, 4, 3, 1, 1) };
    for (k, bound) in [(24, 1 << 7), (32, 1 << 15)] {
        let mut builder = Builder::new(shape, k);
        let weights = values.many(map.weight_len(), bound);
        let z = builder.linear(&[(0, map, weights)], values.many(4, 1 << 20), k, 0);
        let shifted = builder.offset(z, vec![1 << 12, -5, 7, 0]);
        let pooled = builder.sum_pool(shifted, [2, 2], [2, 2], [0, 0], [3, 2]);
        builder.flatten(pooled);
        let inputs = [values.many(shape.len(), 1 << 7), values.many(shape.len(), 1 << 7)];
        assert_eq!(check(builder, &inputs), 0.0, "K = {k}");
    }
}

#[test]
fn an_activation_may_read_an_exact_map() {
    let mut values = Values(13);
    let shape = Shape::new(2, 6, 6);
    let map = Conv2d { out_channels: 3, ..Conv2d::square(shape, 3, 3, 1, 1) };
    let mut builder = Builder::new(shape, 20);
    let z = builder.linear(&[(0, map, values.many(map.weight_len(), 64))], vec![5; 3], 20, 0);
    let channels = [Channel::relu(12), Channel::Identity, Channel::Blocks { height: 2, width: 2, lo: 12 }];
    builder.activation(z, 26, 8, &channels);
    check(builder, &[values.many(shape.len(), 1 << 6), values.many(shape.len(), 1 << 6)]);
}

#[test]
fn local_operations_are_exact() {
    let shape = Shape::new(4, 6, 5);
    let mut builder = Builder::new(shape, 20);
    let slice = builder.view(
        0,
        Shape::new(2, 3, 3),
        [Axis::slice(1, 2), Axis::slice(0, 2), Axis::slice(0, 2)],
        Edge::Zero,
    );
    let padded = builder.view(
        slice,
        Shape::new(4, 5, 6),
        [Axis::slice(-1, 1), Axis::slice(-1, 1), Axis::slice(-2, 1)],
        Edge::Zero,
    );
    let half = Axis { num: 1, add: 0, den: 2 };
    let resized = builder.view(slice, Shape::new(2, 5, 6), [Axis::SAME, half, half], Edge::Clamp);
    let joined = builder.concat(&[resized, padded]);
    let shifted = builder.offset(joined, vec![3, -5, 7, 0, 1, 2]);
    let sum = builder.add(shifted, joined, true, 20);
    let pooled = builder.sum_pool(sum, [3, 2], [2, 2], [1, 0], [3, 3]);
    let doubled = builder.sum_pool(joined, [3, 2], [2, 2], [1, 0], [3, 3]);
    let both = builder.add(pooled, doubled, false, 19);
    builder.flatten(both);
    let mut values = Values(7);
    assert_eq!(check(builder, &[values.many(shape.len(), 1 << 14)]), 0.0);
}

#[test]
fn max_pooling_is_a_tournament() {
    let (shape, n, w) = (Shape::new(3, 7, 7), 12, 6);
    let mut builder = Builder::new(shape, n);
    let mut best = 0;
    for axis in 0..2 {
        let from = builder.shape(best);
        let size = if axis == 0 { Shape::new(3, from.height, 3) } else { Shape::new(3, 3, from.width) };
        let mut axes = [Axis::SAME; 3];
        let mut pick = |builder: &mut Builder, start| {
            axes[2 - axis] = Axis::slice(start, 2);
            builder.view(best, size, axes, Edge::Clamp)
        };
        let parts = [pick(&mut builder, 0), pick(&mut builder, 1), pick(&mut builder, 2)];
        best = parts[0];
        for part in &parts[1..] {
            let difference = builder.add(best, *part, true, n);
            let positive = builder.activation(difference, n, w, &[Channel::relu(n - w - 1); 3]);
            best = builder.add(*part, positive, false, n);
        }
    }
    let mut values = Values(8);
    let inputs = [values.many(shape.len(), 400), values.many(shape.len(), 400)];
    check(builder, &inputs);
}

/// Two activation layers, neither reading the other.
fn independent_layers() -> Builder {
    let shape = Shape::new(2, 4, 4);
    let mut builder = Builder::new(shape, 12);
    let shifted = [Axis::SAME, Axis::SAME, Axis::slice(1, 1)];
    let other = builder.view(0, shape, shifted, Edge::Zero);
    let first = builder.activation(0, 24, 6, &[Channel::relu(5), Channel::Identity]);
    let blocks = Channel::Blocks { height: 2, width: 2, lo: 6 };
    let second = builder.activation(other, 20, 6, &[blocks, Channel::Zero]);
    builder.concat(&[first, second]);
    builder
}

#[test]
fn independent_layers_share_a_round_trip() {
    let (plan, _) = independent_layers().finish();
    assert_eq!(cost::total(&Plan::parse(&plan).unwrap()).round_trips, 1);
    check(independent_layers(), &[Values(9).many(32, 700)]);
}

#[test]
fn identity_chains_keep_their_masks() {
    let shape = Shape::new(3, 6, 6);
    let map = Conv2d {
        input: shape,
        out_channels: 3,
        groups: 1,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        pads: [1; 4],
    };
    let mut values = Values(10);
    let mut builder = Builder::new(shape, 26);
    let mut residual = 0;
    for _ in 0..3 {
        let weights = values.many(map.weight_len(), 200);
        let z = builder.linear(&[(residual, map, weights)], vec![0; 3], 14, 12);
        let sum = builder.add(z, residual, false, 14);
        let channels = [Channel::Identity, Channel::relu(8), Channel::Blocks { height: 3, width: 4, lo: 8 }];
        residual = builder.activation(sum, 26, 6, &channels);
    }
    let flat = builder.flatten(residual);
    let dense = Conv2d::dense(108, 5);
    let weights = values.many(dense.weight_len(), 100);
    builder.linear(&[(flat, dense, weights)], vec![7; 5], 14, 12);
    check(builder, &[values.many(shape.len(), 400), values.many(shape.len(), 400)]);
}

#[test]
fn the_portable_kernel_agrees_with_the_fast_ones() {
    let key = PairKey::new([9; 32]);
    let shape = Shape::new(6, 9, 7);
    let base = Conv2d {
        input: shape,
        out_channels: 4,
        groups: 2,
        kernel: [3, 2],
        stride: [2, 1],
        dilation: [1, 3],
        pads: [1, 2, 0, 1],
    };
    for map in [base, Conv2d { groups: 1, kernel: [1, 1], pads: [0; 4], ..base }, Conv2d::dense(378, 5)] {
        let x: Vec<u32> =
            Values(11).many(map.input.len(), 1 << 30).into_iter().map(|value| value as u32).collect();
        let mut weights = vec![0; map.weight_len()];
        key.stream(Address::weights(3, 1)).fill(26, 0, &mut weights);
        let mut fast = vec![0; map.output().unwrap().len()];
        let mut portable = fast.clone();
        Linear::new(Backend::best(), &map, &weights, 26).unwrap().accumulate(&x, &mut fast).unwrap();
        Portable.accumulate(&key, 3, 1, &map, 26, &x, &mut portable);
        ring::reduce(&mut fast, 26);
        assert_eq!(fast, portable);
    }
}
