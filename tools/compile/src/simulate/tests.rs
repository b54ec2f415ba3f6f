use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{self, Channel, Channels, ColourOrder, Fit, Header, Node, Op, Plan, Preprocess, Term};
use brelu_host::weights::{NodeWeights, Weights};

use super::{SimulateError, Simulator, quantise_input, run};

const SIDE: u32 = 8;

/// `activation(x * weight / 2^4)` on one channel: K = 16, n = 12.
fn tiny(channel: Channel) -> Vec<u8> {
    let shape = Shape::new(1, SIDE, SIDE);
    let map = Conv2d {
        input: shape,
        out_channels: 1,
        groups: 1,
        kernel: [1; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [0; 4],
    };
    let mut linear = Op::Linear { terms: Default::default(), fraction: 4 };
    if let Op::Linear { terms, .. } = &mut linear {
        terms.push(Term { input: 0, map }).unwrap();
    }
    let record = channel.record();
    let activation = Op::Activation { input: 1, window: 5, channels: Channels::relu(&record) };
    let node = |name, bits, op| Node { name, shape, bits, op };
    let nodes = [node("x", 16, Op::Input), node("z", 12, linear), node("y", 16, activation)];
    let preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Grey, affine: Default::default() };
    let header = Header::new("tiny", preprocess);
    let mut file = vec![0; 1 << 12];
    let len = plan::write(&header, &nodes, &mut file).unwrap();
    file.truncate(len);
    file
}

fn weights(plan: &Plan<'_>, weight: i32) -> Weights {
    Weights::new(plan, vec![(1, NodeWeights::Linear { terms: vec![vec![weight]], bias: vec![0] })]).unwrap()
}

fn ramp() -> Vec<i32> {
    (0..(SIDE * SIDE) as i32).map(|i| (i - 32) * 15).collect()
}

fn outputs(channel: Channel, weight: i32, seed: u64) -> Vec<i32> {
    let file = tiny(channel);
    let plan = Plan::parse(&file).unwrap();
    let input: Vec<u32> = ramp().into_iter().map(|value| value as u32).collect();
    run(&plan, &weights(&plan, weight), &input, seed).unwrap()
}

#[test]
fn truncation_errs_by_at_most_one_and_a_half_units() {
    let mut sum = 0.0;
    for seed in 0..64 {
        for (got, x) in outputs(Channel::Identity, 23, seed).iter().zip(ramp()) {
            let error = f64::from(*got) - f64::from(x * 23) / 16.0;
            assert!(error.abs() <= 1.5, "seed {seed}: error {error}");
            sum += error;
        }
    }
    // Three floors lose (1 - 2^-4) / 2 each; with as few fraction bits the constant 1.5 shows.
    let mean = sum / (64.0 * 64.0) - 1.5 / 16.0;
    assert!(mean.abs() < 0.03, "mean error {mean}");
}

#[test]
fn comparisons_are_exact_outside_of_the_lowest_half_unit_of_the_window() {
    for seed in 0..32 {
        for (got, x) in outputs(Channel::relu(5), 16, seed).iter().zip(ramp()) {
            let (got, x) = (f64::from(*got), f64::from(x));
            match x.abs() > 18.0 {
                true => assert!((got - x.max(0.0)).abs() <= 1.5, "seed {seed}: relu({x}) = {got}"),
                false => assert!(got == 0.0 || (got - x).abs() <= 1.5, "seed {seed}: relu({x}) = {got}"),
            }
        }
    }
}

#[test]
fn blocks_decide_together_and_zero_is_zero() {
    // Rows of the ramp are negative in the upper half of the map and positive in the lower one.
    let got = outputs(Channel::Blocks { height: 3, width: 8, lo: 6 }, 1, 1);
    for (row, values) in got.chunks(SIDE as usize).enumerate() {
        // The block of rows 3 to 5 has a positive sum, so its negative row 3 passes.
        let passes = row >= 3;
        assert_eq!(values.iter().all(|value| *value == 0), !passes, "row {row}: {values:?}");
    }
    assert!(outputs(Channel::Zero, 16, 1).iter().all(|value| *value == 0));
}

#[test]
fn violations_are_counted() {
    let file = tiny(Channel::relu(0));
    let plan = Plan::parse(&file).unwrap();
    let weights = weights(&plan, 16);
    let simulator = Simulator::new(&plan, &weights).unwrap();
    let mut input = vec![0u32; (SIDE * SIDE) as usize];
    (input[0], input[1]) = (1500, 100);
    let layers = simulator.run(&input, 3).unwrap().layers;
    assert_eq!(layers.len(), 1);
    assert_eq!((layers[0].node, layers[0].out_of_range, layers[0].out_of_window), (2, 1, 2));
    assert!(layers[0].largest.abs_diff(1500) <= 1);
    assert_eq!(simulator.run(&input[1..], 3), Err(SimulateError::Input { expected: 64, given: 63 }));
}

#[test]
fn equal_seeds_give_equal_results() {
    assert_eq!(outputs(Channel::relu(5), 37, 9), outputs(Channel::relu(5), 37, 9));
    assert_ne!(outputs(Channel::relu(5), 37, 9), outputs(Channel::relu(5), 37, 10));
}

#[test]
fn pixels_become_units_per_channel() {
    let mut preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: Default::default() };
    assert_eq!(quantise_input(&preprocess, 2, &[7u8, 9]), [7, 9]);
    preprocess.affine.push([2.0, -100.4]).unwrap();
    preprocess.affine.push([0.5, 0.0]).unwrap();
    let units: Vec<i32> =
        quantise_input(&preprocess, 2, &[0u8, 255, 10, 11]).into_iter().map(|unit| unit as i32).collect();
    assert_eq!(units, [-100, 410, 5, 6]);
}

#[test]
fn a_device_makes_the_same_input_of_a_picture() {
    use brelu_core::client::Input as _;
    use brelu_embedded::{picture::Picture, settings::Card};
    let pixels: Vec<u8> = (0..=255).cycle().take(3 * 256).collect();
    let affine = [[72.5, -3.25], [0.5, 0.5], [-16.1, 1e4]];
    for affine in [&affine[..], &affine[..1], &[]] {
        let preprocess =
            Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: affine.iter().copied().collect() };
        let want = quantise_input(&preprocess, 256, &pixels);
        let card = Card { preprocess, plane: 256, labels: "", class_offset: 0 };
        let mut got = vec![0; pixels.len()];
        Picture::new(&pixels, &card).read(0, &mut got);
        assert_eq!(got, want, "{affine:?}");
    }
}
