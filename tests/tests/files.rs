//! Plan and weights files: every damage is noticed, and the committed fuzz seeds are still of the current format.

use std::path::{Path, PathBuf};

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, Plan, PlanError};
use brelu_host::weights::{Weights, WeightsError};
use brelu_tests::build::Builder;

#[path = "files/seeds.rs"]
mod seeds;

/// One of every operation, small.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let shape = Shape::new(2, 6, 6);
    let map = Conv2d {
        input: shape,
        out_channels: 4,
        groups: 2,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        pads: [1; 4],
    };
    let mut builder = Builder::new(shape, 26);
    let weights = (0..map.weight_len() as i32).collect();
    let z = builder.linear(&[(0, map, weights)], vec![1, 2, 3, 4], 14, 12);
    let blocks = Channel::Blocks { height: 2, width: 4, lo: 8 };
    let y = builder.activation(z, 26, 6, &[blocks, Channel::relu(7), Channel::Identity, Channel::Zero]);
    let half = builder.view(
        y,
        Shape::new(2, 3, 3),
        [Axis::slice(0, 2), Axis::slice(0, 2), Axis::slice(1, 2)],
        Edge::Clamp,
    );
    let moved = builder.offset(half, vec![5, -5]);
    let twice = builder.concat(&[half, moved]);
    let both = builder.add(twice, twice, true, 20);
    let pooled = builder.sum_pool(both, [3, 3], [2, 2], [1, 1], [2, 2]);
    let flat = builder.flatten(pooled);
    builder.shift(flat, 5);
    let (plan, weights) = builder.finish();
    let weights = weights(&Plan::parse(&plan).unwrap()).to_bytes().to_vec();
    (plan, weights)
}

fn corpus(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(file)
}

#[test]
fn fuzz_seeds_are_current() {
    let (plan, weights) = sample();
    let plans = seeds::seeds().into_iter().chain([("residual", plan)]);
    for (name, plan) in plans {
        let refused = Plan::parse(&plan).err();
        assert!(refused.is_none_or(|error| matches!(error, PlanError::Node { .. })), "{name}: {refused:?}");
        seed_is_current(&corpus("plan").join(name), &plan);
    }
    seed_is_current(&corpus("weights/residual"), &weights);
}

fn seed_is_current(path: &Path, want: &[u8]) {
    if std::env::var_os("BRELU_WRITE_CORPUS").is_some() {
        std::fs::write(path, want).unwrap();
    }
    assert!(std::fs::read(path).unwrap() == want, "{path:?}: run this test with BRELU_WRITE_CORPUS=1");
}

#[test]
fn every_truncation_and_extension_of_a_plan_is_noticed() {
    let (plan, _) = sample();
    assert!(Plan::parse(&plan).is_ok());
    for len in 0..plan.len() {
        let error = Plan::parse(&plan[..len]).unwrap_err();
        assert!(matches!(error, PlanError::Magic | PlanError::Length { .. }), "{len}: {error}");
    }
    let longer = [&plan[..], &[0]].concat();
    assert!(matches!(Plan::parse(&longer), Err(PlanError::Length { .. })));
}

#[test]
fn every_flipped_bit_of_a_plan_is_noticed() {
    let (plan, _) = sample();
    for bit in 0..plan.len() * 8 {
        let mut damaged = plan.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Plan::parse(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn a_plan_of_another_version_says_so() {
    let (mut plan, _) = sample();
    plan[8] = 9;
    let error = Plan::parse(&plan).unwrap_err();
    assert_eq!(error, PlanError::Version(9));
    assert!(error.to_string().contains("format version 9"));
}

#[test]
fn damaged_weights_are_noticed() {
    let (plan, weights) = sample();
    let plan = Plan::parse(&plan).unwrap();
    assert!(Weights::parse(&plan, &weights).is_ok());
    for len in 0..weights.len() {
        assert!(Weights::parse(&plan, &weights[..len]).is_err());
    }
    for bit in 0..weights.len() * 8 {
        let mut damaged = weights.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Weights::parse(&plan, &damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn weights_of_another_plan_are_refused() {
    let (_, weights) = sample();
    let mut builder = Builder::new(Shape::new(1, 2, 2), 20);
    builder.activation(0, 24, 6, &[Channel::relu(4)]);
    let (other, _) = builder.finish();
    let error = Weights::parse(&Plan::parse(&other).unwrap(), &weights).unwrap_err();
    assert_eq!(error, WeightsError::OtherPlan);
}

#[test]
fn weights_do_not_print() {
    let (plan, weights) = sample();
    let weights = Weights::parse(&Plan::parse(&plan).unwrap(), &weights).unwrap();
    let text = format!("{weights:?}");
    assert!(text.contains("redacted") && !text.contains("terms"), "{text}");
}

#[test]
fn what_holds_shares_does_not_print_them() {
    use brelu_core::bits::{Packer, Unpacker};
    use brelu_core::client::Workspace;
    use brelu_core::share::{Server, Share};
    let (mut words, mut incoming, mut outgoing) = ([77; 4], [77; 4], [77; 4]);
    let mut packer = Packer::default();
    packer.push(7, &[77], &mut []);
    let mut unpacker = Unpacker::default();
    unpacker.pull(16, &[77], &mut [0]);
    let work = Workspace { words: &mut words, incoming: &mut incoming, outgoing: &mut outgoing };
    let text = format!("{packer:?} {unpacker:?} {work:?} {:?}", Share::<Server, _>::new([77u32; 4]));
    assert!(!text.contains("77") && text.matches("redacted").count() == 4, "{text}");
}
