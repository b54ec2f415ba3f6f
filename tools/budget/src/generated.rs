//! Tables with distortions that look like measured ones, for tests and measurements of the solver.

use brelu_core::geometry::Shape;

use crate::distortion::{LayerTable, Method, Provenance, Table, WINDOWS};
use brelu_networks::blocks::{BlockSize, Candidates, candidates};
use brelu_networks::numbers::Random;

/// A table with generated distortions. A channel's scale is log-normal over some ten orders of magnitude; distortions grow
/// with the area of blocks, ever more slowly, with noise; identity and zero are drawn around the largest block's.
pub fn generated_table(network: &str, shapes: &[Shape], choice: &Candidates, seed: u64) -> Table {
    let mut random = Random::new(seed);
    let layer = |(number, shape): (usize, &Shape)| layer(number, *shape, choice, &mut random);
    Table { provenance: provenance(network, seed), layers: shapes.iter().enumerate().map(layer).collect() }
}

/// Adds generated distortions of comparison windows: those of a decision fall by a factor of about 4 a bit.
pub fn with_windows(mut table: Table, seed: u64) -> Table {
    let mut random = Random::new(seed);
    for layer in &mut table.layers {
        let decides = layer.sizes.iter().map(|size| size.decides()).collect::<Vec<_>>();
        let most = layer.distortion.iter().fold(0f64, |most, value| most.max(*value));
        let mut row = |at: usize| {
            let share = if decides[at % decides.len()] { 1e-3 } else { 0.0 };
            let scale = share * most * log_normal(&mut random, -3.0, 1.5);
            WINDOWS.map(|width| (scale * 4f64.powi(6 - i32::from(width))) as f32)
        };
        layer.windows = (0..layer.distortion.len()).map(&mut row).collect();
    }
    table
}

fn layer(number: usize, shape: Shape, choice: &Candidates, random: &mut Random) -> LayerTable {
    let sizes = candidates(choice, shape);
    let importance = log_normal(random, 0.0, 1.5);
    let mut distortion = Vec::with_capacity(shape.channels as usize * sizes.len());
    for _ in 0..shape.channels {
        let scale = 1e-6 * importance * log_normal(random, 0.0, 2.5);
        distortion.extend(sizes.iter().map(|size| scale * relative(*size, random)));
    }
    let exact = distortion.clone();
    LayerTable {
        name: format!("relu{number}"),
        shape,
        clip: None,
        sizes,
        distortion,
        exact,
        windows: Vec::new(),
    }
}

fn relative(size: BlockSize, random: &mut Random) -> f64 {
    match size {
        BlockSize::RELU => 0.0,
        BlockSize::IDENTITY => log_normal(random, 0.3, 1.0),
        BlockSize::ZERO => log_normal(random, 0.8, 1.2),
        BlockSize { height, width } => {
            let area = f64::from(height) * f64::from(width);
            (1.0 - area.powf(-0.35)) * log_normal(random, 0.0, 0.15)
        }
    }
}

fn provenance(network: &str, seed: u64) -> Provenance {
    Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        network: network.into(),
        model: "generated".into(),
        model_sha256: String::new(),
        data: "generated".into(),
        data_sha256: String::new(),
        preprocess: String::new(),
        method: Method::Exact,
        probes: 0,
        seed,
        images: 1,
        samples: 1,
        shards: Vec::new(),
        outputs: 1,
        output_power: 1.0,
    }
}

/// `exp(mean + deviation * N(0, 1))`.
fn log_normal(random: &mut Random, mean: f64, deviation: f64) -> f64 {
    (mean + deviation * f64::from(random.normal())).exp()
}
