//! Distortions around a choice of blocks that is made already, for all channels together.
//!
//! Additive distortions take every other channel for a plain ReLU. Around a choice, the output differs by `r` from that of
//! the network as it is, and changing one more channel by `delta` makes that `r + J delta` to first order, of which one
//! backward pass a probe gives the expected square for all channels and sizes.

use burn::tensor::{Tensor, TensorData};

use super::gradient;
use super::layers::{Layer, layers_of};
use super::measurement::batch_images;
use super::probe::{self, Observed};
use super::seeds::Seeds;
use super::{Compared, LayerTable, Table, TableError};
use brelu_learn::interpreter::{Blocks, Device, Interpreter, values};
use brelu_networks::blocks::BlockRelu;
use brelu_networks::graph::{Graph, GraphError};

/// A network, images, and its outputs on them with every ReLU.
#[derive(Debug)]
pub struct Around<'a> {
    interpreter: Interpreter,
    layers: Vec<Layer>,
    seeds: Seeds,
    compared: Compared,
    images: &'a [Vec<f32>],
    /// The outputs of every image.
    plain: Vec<f32>,
    /// What is compared of them.
    reference: Vec<f32>,
}

/// How outputs are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Random probes of the output an image, as for [`Options::probes`](super::Options::probes).
    pub probes: Option<u32>,
    /// What of the output is compared.
    pub compared: Compared,
}

/// Change of the outputs, relative to their power, that directions may ignore.
const MOST_CHANGE: f64 = 10.0;

/// For each layer and channel the position of its size in [`LayerTable::sizes`].
pub type Choices = [Vec<usize>];

impl<'a> Around<'a> {
    /// Prepares the layers and candidates of `table` on `device`.
    ///
    /// # Errors
    /// If the graph is inconsistent or the table is of another network.
    pub fn new(
        graph: &Graph,
        device: &Device,
        table: &Table,
        images: &'a [Vec<f32>],
        look: Look,
    ) -> Result<Self, AroundError> {
        let interpreter = Interpreter::new(graph, &device.clone().autodiff())?;
        let seeds = Seeds::new(graph.output_shape().len(), look.probes, table.provenance.seed);
        let layers = layers_of(graph, &table.layers)?;
        let mut around = Self {
            interpreter,
            layers,
            seeds,
            compared: look.compared,
            images,
            plain: Vec::new(),
            reference: Vec::new(),
        };
        around.plain = around.outputs(&Blocks::default());
        around.reference = around.compare(around.plain.clone());
        Ok(around)
    }

    fn blocks(&self, choices: &Choices) -> Blocks {
        let mut blocks = Blocks::default();
        for (layer, choices) in self.layers.iter().zip(choices) {
            let sizes: Vec<_> = choices.iter().filter_map(|at| layer.sizes.get(*at).copied()).collect();
            blocks.set(layer.id, BlockRelu::new(layer.shape, &sizes));
        }
        blocks
    }

    fn batch(&self) -> usize {
        batch_images(self.interpreter.graph(), &self.layers, self.seeds.count())
    }

    fn outputs(&self, blocks: &Blocks) -> Vec<f32> {
        let mut outputs = Vec::new();
        for images in self.images.chunks(self.batch()) {
            let batch = self.interpreter.batch(images.iter().map(Vec::as_slice)).inner();
            outputs.extend(values(self.interpreter.run(batch, blocks)));
        }
        outputs
    }

    /// The true mean squared change of what is compared of the output, an element, with these choices. Where that is not
    /// the output itself, outputs that leave its range by far count more: a plan's fixed point could not hold them.
    pub fn error(&self, choices: &Choices) -> f64 {
        let outputs = self.outputs(&self.blocks(choices));
        let excess = match self.compared {
            Compared::Outputs => 0.0,
            Compared::Directions => {
                let power = mean_square(&self.plain, &vec![0.0; self.plain.len()]);
                (mean_square(&outputs, &self.plain) / (MOST_CHANGE * power.max(f64::MIN_POSITIVE)))
                    .log10()
                    .max(0.0)
            }
        };
        mean_square(&self.compare(outputs), &self.reference) + excess
    }

    /// The true mean squared change of the output itself, an element, with these choices.
    pub fn change(&self, choices: &Choices) -> f64 {
        mean_square(&self.outputs(&self.blocks(choices)), &self.plain)
    }

    /// What is compared of the outputs of every image.
    fn compare(&self, outputs: Vec<f32>) -> Vec<f32> {
        let shape = self.interpreter.graph().output_shape();
        let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|size| size as usize);
        let data = TensorData::new(outputs, [self.images.len(), channels, height, width]);
        values(self.compared.of(Tensor::from_data(data, &self.interpreter.device().clone().inner())))
    }

    /// To first order, the same as [`Around::error`] if one more channel took one more size.
    pub fn tables(&self, choices: &Choices) -> Vec<LayerTable> {
        let blocks = self.blocks(choices);
        let mut sums: Vec<_> = self.layers.iter().map(|layer| layer.zeros(false)).collect();
        for (number, images) in self.images.chunks(self.batch()).enumerate() {
            let first = number * self.batch();
            let numbers: Vec<u64> = (first..first + images.len()).map(|at| at as u64).collect();
            let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
            let observed =
                probe::observe(&self.interpreter, &images, &numbers, &self.seeds, &blocks, self.compared);
            let residuals = self.residuals(&observed, &numbers);
            let residual = |probe: usize, image: usize| residuals[probe][image];
            gradient::add(&self.layers, &observed, None, &residual, &mut sums);
        }
        let factor = self.seeds.weight() / self.images.len().max(1) as f64;
        self.layers.iter().zip(&sums).map(|(layer, sums)| layer.around(sums, factor)).collect()
    }

    /// What the probes of a batch differ from those of the network as it is: probe by image.
    fn residuals(&self, observed: &Observed, numbers: &[u64]) -> Vec<Vec<f32>> {
        let outputs = self.seeds.outputs();
        let residual = |probe: usize, (image, number): (usize, &u64)| {
            let got = &observed.output[image * outputs..][..outputs];
            let plain = &self.reference[*number as usize * outputs..][..outputs];
            let weights = self.seeds.probe(*number, probe);
            weights
                .iter()
                .zip(got.iter().zip(plain))
                .map(|(weight, (got, plain))| weight * (got - plain))
                .sum()
        };
        (0..self.seeds.count())
            .map(|probe| numbers.iter().enumerate().map(|pair| residual(probe, pair)).collect())
            .collect()
    }
}

fn mean_square(got: &[f32], reference: &[f32]) -> f64 {
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    got.iter().zip(reference).map(square).sum::<f64>() / reference.len().max(1) as f64
}

/// Why distortions around a choice cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum AroundError {
    /// The graph is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The table is of another network.
    #[error(transparent)]
    Table(#[from] TableError),
}
