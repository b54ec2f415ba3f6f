//! Tables for tests.

use brelu_core::geometry::Shape;

use super::{LayerTable, Method, Provenance, Table, WINDOWS};
use brelu_networks::blocks::{BlockSize, Candidates, candidates};

/// A provenance without shards.
pub fn provenance() -> Provenance {
    Provenance {
        version: "0.1.0".into(),
        network: "resnet20".into(),
        model: "resnet20.onnx".into(),
        model_sha256: "ab".repeat(32),
        data: "cifar10/train.bin".into(),
        data_sha256: "cd".repeat(32),
        preprocess: "{\"divide_by\":255.0}".into(),
        method: Method::Hybrid,
        probes: 0,
        seed: 7,
        images: 512,
        samples: 512,
        shards: Vec::new(),
        outputs: 10,
        output_power: 0.1 + 0.2 * 57.3,
    }
}

/// Three small layers with all kinds of values.
pub fn table(seed: u64) -> Table {
    let shapes = [Shape::new(3, 8, 8), Shape::new(2, 4, 6), Shape::new(5, 1, 1)];
    let layers = (0u64..).zip(shapes).map(|(index, shape)| layer(index, shape, seed)).collect();
    Table { provenance: provenance(), layers }
}

/// Like the tables of a ResNet-20 for CIFAR-10: 7 layers of 16x32x32, 6 of 32x16x16, 6 of 64x8x8.
pub fn resnet20() -> Table {
    let shapes = [(7, Shape::new(16, 32, 32)), (6, Shape::new(32, 16, 16)), (6, Shape::new(64, 8, 8))];
    let shapes = shapes.into_iter().flat_map(|(times, shape)| std::iter::repeat_n(shape, times));
    let layers = (0u64..).zip(shapes).map(|(index, shape)| layer(index, shape, 1)).collect();
    Table { provenance: provenance(), layers }
}

/// Distortions that grow with the block like measured ones do; the channels differ a thousandfold.
fn layer(index: u64, shape: Shape, seed: u64) -> LayerTable {
    let sizes = candidates(&Candidates::Auto, shape);
    let mut random = brelu_networks::numbers::Random::new(seed << 8 | index);
    let mut distortion = Vec::new();
    let mut exact = Vec::new();
    for _ in 0..shape.channels {
        let scale = 0.3 * 10f64.powf(-f64::from(random.uniform(0.0, 1.0)) * 3.0) / f64::from(shape.channels);
        let [identity, zero] = [0.8, 1.3].map(|most| most * f64::from(random.uniform(0.0, 1.0) + 0.2));
        for size in &sizes {
            let growth = match *size {
                BlockSize::IDENTITY => identity,
                BlockSize::ZERO => zero,
                size => 1.0 - (f64::from(size.height) * f64::from(size.width)).powf(-0.6),
            };
            let noise = 10f64.powf(0.1 * f64::from(random.uniform(0.0, 1.0)));
            distortion.push(scale * growth * noise);
            let known = random.uniform(0.0, 1.0) < 0.2;
            let near = scale * growth * noise * 10f64.powf(0.06 * f64::from(random.uniform(0.0, 1.0) - 0.5));
            exact.push(if known { near } else { f64::NAN });
        }
    }
    let windows = distortion.iter().map(|value| [6.0, 3.0, 1.5, 0.7, 0.3, 0.1].map(|x| x * *value as f32));
    let windows: Vec<[f32; WINDOWS.len()]> = windows.collect();
    let windows = if index == 1 { Vec::new() } else { windows };
    let clip = (index == 2).then_some(6.0);
    LayerTable { name: format!("/layer{index}/Relu"), shape, clip, sizes, distortion, exact, windows }
}

/// Equal to the last bit, values that are not there included.
pub fn assert_same(one: &Table, other: &Table) {
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(one.provenance, other.provenance);
    assert_eq!(one.layers.len(), other.layers.len());
    for (one, other) in one.layers.iter().zip(&other.layers) {
        assert_eq!((&one.name, one.shape, one.clip), (&other.name, other.shape, other.clip));
        assert_eq!((&one.sizes, &one.windows), (&other.sizes, &other.windows));
        assert_eq!(bits(&one.distortion), bits(&other.distortion));
        assert_eq!(one.exact.len(), other.exact.len());
        for (one, other) in one.exact.iter().zip(&other.exact) {
            assert!(one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan()), "{one} {other}");
        }
    }
}
