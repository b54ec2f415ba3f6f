//! Products of two secret tensors between real sessions, against the plaintext reference and the cost formulas.

use brelu_core::cost;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, NodeId, Plan};
use brelu_tests::build::Builder;
use brelu_tests::check::{Values, check};

/// Shapes of planes of one pixel, of one row, of one column, and of more than a piece of a client.
const SHAPES: [Shape; 5] = [
    Shape::new(70, 1, 1),
    Shape::new(3, 1, 40),
    Shape::new(4, 40, 1),
    Shape::new(3, 5, 7),
    Shape::new(2, 80, 90),
];

/// The first pixel of every plane.
fn corner(builder: &mut Builder, input: NodeId) -> NodeId {
    let shape = Shape::new(builder.shape(input).channels, 1, 1);
    builder.view(input, shape, [Axis::SAME; 3], Edge::Zero)
}

/// The product of an input and what `gate` makes of it; the mean width of what is allowed.
fn run(shape: Shape, n: u8, f: u8, bound: i64, gate: impl Fn(&mut Builder, NodeId) -> NodeId) -> f64 {
    let mut builder = Builder::new(shape, n + f);
    let gate = gate(&mut builder, 0);
    builder.product(0, gate, n, f);
    let mut values = Values(u64::from(n) << 8 | u64::from(f));
    check(builder, &[values.many(shape.len(), bound), values.many(shape.len(), bound)])
}

#[test]
fn a_product_that_drops_nothing_is_exact() {
    for shape in SHAPES {
        for (k, bound) in [(32, 30_000), (20, 500)] {
            assert_eq!(run(shape, k, 0, bound, corner), 0.0, "{shape:?}");
            assert_eq!(
                run(shape, k, 0, bound, |builder, x| builder.offset(x, vec![3; shape.channels as usize])),
                0.0
            );
        }
    }
}

#[test]
fn a_square_is_a_product() {
    for shape in SHAPES {
        assert_eq!(run(shape, 24, 0, 2000, |_, x| x), 0.0);
        assert!(run(shape, 14, 10, 2000, |_, x| x) <= 3.0);
    }
}

#[test]
fn a_truncated_product_is_off_by_one_and_a_half_at_most() {
    for shape in SHAPES {
        for (n, f) in [(12, 12), (16, 16), (18, 10), (30, 1), (12, 3)] {
            let bound = f64::from(n + f - 3).exp2().sqrt() as i64;
            for gate in [corner, |_: &mut Builder, x: NodeId| x] {
                let width = run(shape, n, f, bound, gate);
                assert!((2.0..=3.0).contains(&width), "{shape:?} {n} {f}: {width}");
            }
        }
    }
}

/// Squeeze and excite: a layer, the sums of its planes, a gate from these, their product, and what reads it.
fn excited(shape: Shape) -> Builder {
    let (n, f, mut values) = (14, 12, Values(3));
    let channels = shape.channels;
    let mut builder = Builder::new(shape, n + f);
    let sums = builder.sum_pool(0, [shape.height as u16, shape.width as u16], [1; 2], [0; 2], [1, 1]);
    let dense = Conv2d::dense(channels, channels);
    let z = builder.linear(
        &[(sums, dense, values.many(dense.weight_len(), 200))],
        vec![3; channels as usize],
        n,
        f,
    );
    let gate = builder.activation(z, n + f, 7, &vec![Channel::relu(n - 7); channels as usize]);
    let gate = builder.low(gate, n + f);
    let product = builder.product(0, gate, n, f);
    let apart = builder.low(product, n);
    let y = builder.activation(apart, n + f, 7, &vec![Channel::Identity; channels as usize]);
    let point = Conv2d::square(shape, 2, 1, 1, 0);
    builder.linear(&[(y, point, values.many(point.weight_len(), 800))], vec![0; 2], n, f);
    builder
}

#[test]
fn a_gate_of_planes_between_layers() {
    for shape in [Shape::new(4, 6, 5), Shape::new(9, 1, 1)] {
        check(excited(shape), &[Values(7).many(shape.len(), 1000), Values(8).many(shape.len(), 1000)]);
    }
}

/// A product and an activation that do not read each other.
fn independent() -> Builder {
    let shape = Shape::new(2, 4, 4);
    let mut builder = Builder::new(shape, 24);
    let other = builder.offset(0, vec![5, -3]);
    let low = builder.low(0, 14);
    let product = builder.product(0, other, 14, 10);
    let activation = builder.activation(low, 20, 7, &[Channel::relu(6), Channel::Identity]);
    let square = builder.product(other, other, 16, 8);
    builder.concat(&[product, activation, square]);
    builder
}

#[test]
fn products_share_a_round_trip_with_activations() {
    let (plan, _) = independent().finish();
    assert_eq!(cost::total(&Plan::parse(&plan).unwrap()).round_trips, 1);
    check(independent(), &[Values(9).many(32, 700)]);
}

#[test]
fn what_a_product_may_not_be() {
    let refused = |build: &dyn Fn(&mut Builder) -> NodeId| {
        let mut builder = Builder::new(Shape::new(4, 3, 3), 24);
        build(&mut builder);
        Plan::parse(&builder.finish().0).unwrap_err().to_string()
    };
    for (said, build) in [
        (
            "its factors have more than 32 bits",
            &(|builder: &mut Builder| builder.product(0, 0, 20, 13)) as &dyn Fn(&mut Builder) -> NodeId,
        ),
        ("it needs more bits than its input has", &|builder| builder.product(0, 0, 13, 12)),
        ("its gate has another shape", &|builder| {
            let row = builder.view(0, Shape::new(4, 1, 3), [Axis::SAME; 3], Edge::Zero);
            builder.product(0, row, 12, 12)
        }),
        ("its gate has another shape", &|builder| {
            let fewer = builder.view(0, Shape::new(2, 1, 1), [Axis::SAME; 3], Edge::Zero);
            builder.product(0, fewer, 12, 12)
        }),
        ("it reads a result of its own round trip", &|builder| {
            let one = builder.product(0, 0, 24, 0);
            builder.product(one, 0, 12, 12)
        }),
        ("it reads an activation of its own round trip", &|builder| {
            let one = builder.product(0, 0, 12, 12);
            builder.activation(one, 24, 6, &[Channel::Identity; 4])
        }),
    ] {
        let error = refused(build);
        assert!(error.contains(said), "{error}");
    }
}
