//! Own kernels against burn's operations and, for soft decisions, against differences.

use brelu_core::geometry::Shape;
use burn::tensor::module::batch_norm_train;
use burn::tensor::{Device, TensorData};
use proptest::prelude::*;

use super::super::block::apply;
use super::super::compute::convolve as reference;
use super::super::select::selections;
use super::super::values;
use super::*;
use brelu_networks::activation::Activation as Value;
use brelu_networks::blocks::{BlockRelu, BlockSize};
use brelu_networks::graph::Axis;
use brelu_networks::graph::random::{close, geometry, values as values_of};

fn tensor<const D: usize>(shape: [usize; D], seed: usize) -> Tensor<D> {
    let values = values_of(shape.iter().product(), seed);
    Tensor::from_data(TensorData::new(values, shape), &Device::flex()).autodiff().require_grad()
}

/// The output and the gradients of all inputs, with a random gradient of the output.
fn gradients<const N: usize>(y: Tensor<4>, inputs: [&Tensor<1>; N], x: &Tensor<4>) -> Vec<Vec<f32>> {
    let weights = Tensor::from_data(
        TensorData::new(values_of(y.shape().num_elements(), 77), y.dims()),
        &Device::flex(),
    );
    let found = (y.clone() * weights).sum().backward();
    let mut all = vec![values(y.inner()), values(x.grad(&found).unwrap())];
    all.extend(inputs.map(|input| values(input.grad(&found).unwrap())));
    all
}

fn same(got: &[Vec<f32>], want: &[Vec<f32>]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        prop_assert!(close(got, want), "{:?} {:?}", got, want);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolutions(geometry in geometry(), images in 1usize..20, wide in any::<bool>(), biased in any::<bool>()) {
        let mut geometry = Conv2d { groups: 1, ..geometry };
        if wide {
            (geometry.out_channels, geometry.input.channels) = (19, 37);
        }
        let Shape { channels, height, width } = geometry.input;
        let shape = [images, channels as usize, height as usize, width as usize];
        let [rows, columns] = geometry.kernel.map(usize::from);
        let outs = geometry.out_channels as usize;
        let of = |own: bool| {
            let (x, weights) = (tensor(shape, 1), tensor([geometry.weight_len()], 2));
            let bias = tensor([outs], 3);
            let used = biased.then_some(&bias);
            let y = match own {
                true => convolve(&geometry, &x, &weights, used).unwrap(),
                false => {
                    let kernel = weights.clone().reshape([outs, shape[1], rows, columns]);
                    let bias = if biased { bias.clone() } else { Tensor::zeros([outs], &Device::flex()) };
                    reference(&geometry, x.clone(), kernel, bias)
                }
            };
            match biased {
                true => gradients(y, [&weights, &bias], &x),
                false => gradients(y, [&weights], &x),
            }
        };
        same(&of(true), &of(false))?;
    }

    #[test]
    fn norms(images in 2usize..6, channels in 1usize..5, height in 1usize..9, width in 1usize..9) {
        let of = |own: bool| {
            let (x, scale, shift) =
                (tensor([images, channels, height, width], 4), tensor([channels], 5), tensor([channels], 6));
            let (y, statistics) = match own {
                true => normalise(&x, &scale, &shift, 1e-3).unwrap(),
                false => {
                    let normed = batch_norm_train(x.clone(), scale.clone(), shift.clone(), f64::from(1e-3f32));
                    (normed.output, [normed.mean.inner(), normed.variance.inner()])
                }
            };
            let mut all = gradients(y, [&scale, &shift], &x);
            all.extend(statistics.map(values));
            all
        };
        same(&of(true), &of(false))?;
    }

    #[test]
    fn views(axes in prop::array::uniform3((1u32..6, 0u32..8, -3i32..4, 1u32..3, 1u32..4)), images in 1usize..4) {
        let from = axes.map(|(size, ..)| size);
        let axes = axes.map(|(_, len, add, num, den)| Axis { len: len.max(1), num: num.into(), add: add.into(), den: den.into() });
        let each = [&axes[0], &axes[1], &axes[2]];
        let of = |own: bool| {
            let [channels, height, width] = from.map(|size| size as usize);
            let x = tensor([images, channels, height, width], 4);
            let selections = selections(each, Shape::new(from[0], from[1], from[2]), &Device::flex());
            let y = match own {
                true => view(&View::new(each, from), &x).unwrap(),
                false => selections.iter().fold(x.clone() * 1.0, |x, selection| selection.apply(x)),
            };
            gradients(y, [], &x)
        };
        same(&of(true), &of(false))?;
    }

    #[test]
    fn constant_decisions(
        sizes in prop::collection::vec((1u16..6, 1u16..6), 1),
        bounded in any::<bool>(),
    ) {
        let shape = Shape::new(4, 5, 4);
        let mut sizes: Vec<BlockSize> =
            sizes.iter().map(|(height, width)| BlockSize::new(*height, *width)).collect();
        sizes.extend([BlockSize::IDENTITY, BlockSize::ZERO, BlockSize::RELU]);
        let (layer, bound) = (BlockRelu::new(shape, &sizes), bounded.then_some(0.4));
        let of = |own: bool| {
            let x = tensor([3, 4, 5, 4], 8);
            let y = match own {
                true => decide(Some(&layer), bound, Slope::Zero, None, &x).unwrap(),
                false => apply(&layer, &Value::relu_up_to(bound).into(), x.clone()),
            };
            gradients(y, [], &x)
        };
        same(&of(true), &of(false))?;
        let hard = tensor([3, 4, 5, 4], 8);
        let straight = decide(Some(&layer), bound, Slope::Hard { width: 0.3 }, None, &hard).unwrap();
        prop_assert!(close(&values(straight.inner()), &of(false)[0]));
    }

    /// Gradients of soft decisions are differences of their values; straight-through ones are those with hard gates.
    #[test]
    fn soft_decisions(height in 1u16..5, width in 2u16..5, bounded in any::<bool>(), at in 0usize..20) {
        let (layer, bound) = (
            BlockRelu::new(Shape::new(1, 5, 4), &[BlockSize::new(height, width)]),
            bounded.then_some(0.4),
        );
        let soft = Slope::Soft { width: 0.5 };
        let total = |values: Vec<f32>| {
            let x = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 5, 4]), &Device::flex());
            let y = super::super::values(decide(Some(&layer), bound, soft, None, &x).unwrap());
            y.iter().zip(values_of(20, 77)).map(|(y, weight)| f64::from(*y) * f64::from(weight)).sum::<f64>()
        };
        let x = tensor([1, 1, 5, 4], 9);
        let found = gradients(decide(Some(&layer), bound, soft, None, &x).unwrap(), [], &x);
        let shifted = |by: f32| {
            let mut values = values_of(20, 9);
            values[at] += by;
            total(values)
        };
        let difference = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
        prop_assert!((difference - f64::from(found[1][at])).abs() < 2e-3, "{} {}", difference, found[1][at]);
    }
}

/// With wide formats fixed point changes next to nothing; with narrow ones gradients are those of the gates that were
/// drawn.
#[test]
fn fixed_point_decides_once() {
    let sizes = [BlockSize::new(2, 3), BlockSize::RELU, BlockSize::IDENTITY, BlockSize::ZERO];
    let layer = BlockRelu::new(Shape::new(4, 5, 4), &sizes);
    let of = |fixed, bound| {
        let x = tensor([3, 4, 5, 4], 8);
        gradients(decide(Some(&layer), bound, Slope::Zero, fixed, &x).unwrap(), [], &x)
    };
    let wide = Fixed { narrow: 22, window: 11, margin: 1.0, key: 3 };
    for bound in [None, Some(0.4)] {
        let (float, fixed) = (of(None, bound), of(Some(wide), bound));
        assert!(float[0].iter().zip(&fixed[0]).all(|(a, b)| (a - b).abs() < 2e-2), "{float:?} {fixed:?}");
    }
    let rough = of(Some(Fixed { narrow: 6, window: 2, margin: 1.0, key: 3 }), None);
    let weights = values_of(240, 77);
    for ((y, gradient), weight) in rough[0].iter().zip(&rough[1]).zip(&weights) {
        assert!(*gradient == 0.0 && *y == 0.0 || gradient == weight, "{y} {gradient} {weight}");
    }
    assert_ne!(rough[0], of(None, None)[0]);
}

#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
    let geometry =
        Conv2d { input: Shape::new(5, 9, 7), kernel: [3, 3], pads: [1; 4], ..Conv2d::dense(5, 20) };
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (x, weights) = (tensor([23, 5, 9, 7], 1), tensor([geometry.weight_len()], 2));
            gradients(convolve(&geometry, &x, &weights, None).unwrap(), [&weights], &x)
        })
    };
    assert_eq!(of(1), of(3));
}
