//! Every kernel backend of this processor against the plain loop.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_kernels::ring::{Backend, KernelError, Linear, plain};
use proptest::prelude::*;

/// The weights of a map: anything, or what fits in so many signed bits.
#[derive(Clone, Copy, Debug)]
enum Range {
    Full,
    Signed(u32),
}

/// Words that look random and follow from `seed`.
fn words(seed: u64, len: usize) -> Vec<u32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as u32
    };
    (0..len).map(|_| next()).collect()
}

fn weights(seed: u64, len: usize, range: Range, bits: u32) -> Vec<u32> {
    let Range::Signed(width) = range else { return words(seed, len) };
    let signed =
        words(seed, len).into_iter().map(|word| ((word << (32 - width)) as i32 >> (32 - width)) as u32);
    let mut weights: Vec<u32> = signed.map(|weight| weight & (u32::MAX >> (32 - bits))).collect();
    // The most negative weight: it must survive every way of cutting words.
    weights[0] = (u32::MAX << (width - 1)) & (u32::MAX >> (32 - bits));
    weights
}

/// Compares all backends with the plain loop in the low `bits` bits, on top of what `out` holds.
fn check(geometry: &Conv2d, range: Range, bits: u32, seed: u64) {
    let output = geometry.output().expect("a possible geometry");
    let weights = weights(seed, geometry.weight_len(), range, bits);
    let mut x = words(seed + 1, geometry.input.len());
    x[0] = u32::MAX;
    let before = words(seed + 2, output.len());
    let mut expected = before.clone();
    plain(geometry, &weights, &x, &mut expected);
    for backend in Backend::available() {
        let linear = Linear::new(backend, geometry, &weights, bits).expect("a possible map");
        let mut actual = before.clone();
        linear.accumulate(&x, &mut actual).expect("matching lengths");
        let wrong = actual.iter().zip(&expected).position(|(a, e)| (a ^ e) << (32 - bits) != 0);
        assert_eq!(wrong, None, "{backend}, {bits} bits, {range:?}, seed {seed}, {geometry:?}");
    }
}

fn check_ranges(geometry: &Conv2d) {
    for bits in [24, 26, 28, 30, 32] {
        for range in [Range::Full, Range::Signed(16), Range::Signed(13), Range::Signed(8)] {
            check(geometry, range, bits, u64::from(bits));
        }
    }
}

/// A square convolution: `[channels, size, outputs, groups]`, `[kernel, stride, dilation]`.
fn conv([c, size, o, groups]: [u32; 4], [kernel, stride, dilation]: [u16; 3], pads: [u16; 4]) -> Conv2d {
    Conv2d {
        input: Shape::new(c, size, size),
        out_channels: o,
        groups,
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [dilation; 2],
        pads,
    }
}

#[test]
fn pointwise() {
    check_ranges(&conv([3, 1, 5, 1], [1, 1, 1], [0; 4]));
    check_ranges(&conv([17, 7, 19, 1], [1, 1, 1], [0; 4]));
    check_ranges(&conv([300, 13, 33, 1], [1, 1, 1], [0; 4]));
    check_ranges(&conv([20, 9, 10, 1], [1, 2, 1], [0; 4]));
    check_ranges(&conv([9, 9, 11, 1], [1, 1, 1], [1, 0, 2, 0]));
}

#[test]
fn dense() {
    check_ranges(&Conv2d::dense(1, 1));
    check_ranges(&Conv2d::dense(511, 37));
    check_ranges(&conv([5, 4, 9, 1], [4, 1, 1], [0; 4]));
    check_ranges(&conv([6, 1, 9, 3], [3, 1, 1], [1; 4]));
}

#[test]
fn square() {
    check_ranges(&conv([3, 17, 8, 1], [3, 1, 1], [1; 4]));
    check_ranges(&conv([19, 14, 21, 1], [3, 1, 1], [1; 4]));
    check_ranges(&conv([33, 8, 40, 1], [3, 1, 1], [2, 0, 1, 2]));
    check_ranges(&conv([40, 23, 37, 1], [3, 1, 1], [0; 4]));
    check_ranges(&conv([64, 28, 48, 1], [3, 1, 1], [1; 4]));
    check_ranges(&conv([3, 30, 12, 1], [7, 2, 1], [3; 4]));
    check_ranges(&conv([5, 16, 7, 1], [5, 3, 1], [0, 1, 4, 2]));
}

#[test]
fn dilation_and_lopsided_padding() {
    check_ranges(&conv([4, 15, 6, 1], [3, 1, 2], [2; 4]));
    check_ranges(&conv([4, 15, 6, 1], [3, 2, 3], [5, 0, 0, 3]));
    check_ranges(&conv([2, 2, 3, 1], [5, 1, 1], [4, 1, 3, 4]));
    check_ranges(&conv([2, 3, 3, 1], [1, 1, 1], [5, 4, 0, 1]));
    check_ranges(&conv([2, 2, 3, 1], [2, 5, 4], [9, 9, 9, 9]));
}

#[test]
fn groups() {
    check_ranges(&conv([12, 9, 8, 4], [3, 1, 1], [1; 4]));
    check_ranges(&conv([6, 9, 18, 2], [3, 2, 1], [1; 4]));
    check_ranges(&conv([10, 6, 10, 5], [1, 1, 1], [0; 4]));
}

#[test]
fn depthwise() {
    check_ranges(&conv([7, 19, 7, 7], [3, 1, 1], [1; 4]));
    check_ranges(&conv([7, 18, 14, 7], [3, 2, 1], [1, 1, 0, 0]));
    check_ranges(&conv([3, 11, 3, 3], [5, 3, 2], [4, 0, 1, 7]));
    check_ranges(&conv([3, 11, 3, 3], [2, 4, 3], [0; 4]));
    check_ranges(&conv([3, 4, 3, 3], [1, 1, 1], [0; 4]));
    check_ranges(&conv([2, 1, 2, 2], [3, 7, 5], [60, 60, 60, 60]));
    check_ranges(&conv([1, 9, 20, 1], [3, 1, 1], [1; 4]));
}

#[test]
fn long_inner_dimension() {
    check_ranges(&conv([130, 5, 9, 1], [3, 1, 1], [1, 1, 0, 1]));
    check_ranges(&conv([1030, 2, 3, 1], [1, 1, 1], [0; 4]));
}

#[test]
fn small_rings() {
    for bits in 1..=32 {
        check(&conv([10, 12, 9, 1], [3, 1, 1], [1; 4]), Range::Full, bits, 7);
        check(&conv([10, 12, 9, 1], [3, 2, 1], [1; 4]), Range::Full, bits, 8);
        check(&conv([10, 12, 9, 1], [3, 2, 1], [1; 4]), Range::Signed(bits.min(16)), bits, 9);
    }
}

#[test]
fn wrong_arguments_are_errors() {
    let geometry = conv([2, 4, 3, 1], [3, 1, 1], [1; 4]);
    let weights = vec![0; geometry.weight_len()];
    for bits in [0, 33] {
        let error = Linear::new(Backend::Portable, &geometry, &weights, bits).unwrap_err();
        assert_eq!(error, KernelError::Bits(bits));
    }
    let error = Linear::new(Backend::Portable, &geometry, &weights[1..], 24).unwrap_err();
    assert_eq!(error, KernelError::Length { what: "weights", expected: 54, actual: 53 });
    let impossible = Conv2d { kernel: [9, 9], ..geometry };
    assert_eq!(Linear::new(Backend::Portable, &impossible, &[], 24).unwrap_err(), KernelError::Geometry);
    let huge = Conv2d { input: Shape::new(u32::MAX, u32::MAX, u32::MAX), kernel: [u16::MAX; 2], ..geometry };
    assert_eq!(Linear::new(Backend::Portable, &huge, &[], 24).unwrap_err(), KernelError::Geometry);
    let linear = Linear::new(Backend::Portable, &geometry, &weights, 24).unwrap();
    let mut out = vec![1; 48];
    let error = linear.accumulate(&[0; 31], &mut out).unwrap_err();
    assert_eq!(error, KernelError::Length { what: "inputs", expected: 32, actual: 31 });
    let error = linear.accumulate(&[0; 32], &mut out[1..]).unwrap_err();
    assert_eq!(error, KernelError::Length { what: "outputs", expected: 48, actual: 47 });
    assert_eq!(out, [1; 48]);
}

#[test]
fn backends_have_names() {
    for backend in Backend::ALL {
        assert_eq!(backend.to_string().parse(), Ok(*backend));
    }
    assert_eq!("sse".parse::<Backend>(), Err(KernelError::UnknownBackend("sse".to_owned())));
    assert!(Backend::available().contains(&Backend::best()));
    let missing = if cfg!(target_arch = "aarch64") { Backend::Avx2 } else { Backend::Neon };
    let error = Linear::new(missing, &Conv2d::dense(1, 1), &[1], 24).unwrap_err();
    assert_eq!(error, KernelError::Unavailable(missing));
}

#[test]
fn weights_do_not_print() {
    let linear = Linear::new(Backend::best(), &Conv2d::dense(1, 1), &[987_654_321], 32).unwrap();
    assert!(!format!("{linear:?}").contains("987654321"));
}

prop_compose! {
    fn geometries()(
        groups in 1u32..4,
        inputs in 1u32..12,
        outputs in 1u32..12,
        size in [1u32..20, 1u32..40],
        kernel in [1u16..5, 1u16..5],
        stride in [1u16..4, 1u16..4],
        dilation in [1u16..4, 1u16..4],
        pads in [0u16..5, 0u16..5, 0u16..5, 0u16..5],
    ) -> Conv2d {
        let input = Shape::new(groups * inputs, size[0], size[1]);
        Conv2d { input, out_channels: groups * outputs, groups, kernel, stride, dilation, pads }
    }
}

proptest! {
    #[test]
    fn any_geometry(
        geometry in geometries().prop_filter("no output", |geometry| geometry.output().is_some()),
        range in prop_oneof![Just(Range::Full), (2u32..=16).prop_map(Range::Signed)],
        bits in 16u32..=32,
        seed in any::<u32>(),
    ) {
        check(&geometry, range, bits, seed.into());
    }
}
