//! Steps of training.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use brelu_core::plan::ColourOrder;
use brelu_data::demo;
use brelu_data::{DataError, Preprocess};
use brelu_learn::interpreter::{Blocks, Device, Trainable};
use brelu_learn::training::{
    Augmentation, Decay, Feed, Gates, Loss, Observer, Options, Sample, Samples, Schedule, Sgd, State,
    TrainError, Training,
};
use brelu_networks::graph::{Graph, GraphError};
use brelu_networks::numbers::median;

/// Why training could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum TrainBenchError {
    /// The network is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// It cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// How fast a network is trained.
#[derive(Clone, Debug)]
pub struct TrainRow {
    /// What computes it.
    pub name: &'static str,
    /// A step: forward, backward, and the change of the parameters.
    pub step: Duration,
    /// The forward part of as many images, with running statistics.
    pub inference: Duration,
}

/// Noise of every class in turn.
struct Noise {
    preprocess: Preprocess,
    classes: u32,
    len: usize,
}

impl Samples for Noise {
    fn len(&self) -> usize {
        self.len
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let pixels = demo::pixels(self.preprocess.shape(), index as u64);
        Ok(Sample { name: format!("noise {index}"), pixels, classes: vec![index as u32 % self.classes] })
    }
}

/// Only watches.
struct Nobody;

impl Observer for Nobody {
    fn before(&mut self, _: &State) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Measures steps of `batch` noise images for about `spend`, on the CPU: with the kernels of this crate, and with burn's
/// operations alone. `runs` inferences are measured.
///
/// # Errors
/// If the network is inconsistent, or takes no pictures.
pub fn train(
    graph: &Graph,
    batch: usize,
    runs: usize,
    spend: Duration,
) -> Result<[TrainRow; 2], TrainBenchError> {
    let network = Trainable::new(graph, &Device::flex())?;
    let own = measure("kernels of this crate", &network, false, (batch, runs, spend))?;
    let general = measure("burn's operations", &network.general(), true, (batch, runs, spend))?;
    Ok([own, general])
}

fn measure(
    name: &'static str,
    network: &Trainable,
    general: bool,
    (batch, runs, spend): (usize, usize, Duration),
) -> Result<TrainRow, TrainBenchError> {
    let graph = network.graph();
    let (input, output) = (graph.input_shape(), graph.output_shape());
    let channels = if input.channels == 1 { ColourOrder::Grey } else { ColourOrder::Rgb };
    let preprocess = Preprocess { divide_by: 255.0, ..Preprocess::raw(input.height, input.width, channels) };
    let noise = Noise { preprocess, classes: output.channels, len: batch };
    let augmentation = Augmentation { padding: 4, flip: true };
    let feed = Feed { samples: &noise, preprocess, output, offset: 0, augmentation, seed: 0 };
    let options = options(batch);
    let blocks = Blocks::default();
    let validation = Some(feed);
    let training = Training {
        network,
        blocks: &blocks,
        general,
        teacher: None,
        images: feed,
        validation,
        options: &options,
        threads: 1,
    };
    let state = training.start(graph);
    let step = training.pace(&Training { validation: None, ..training }.start(graph), spend)?.step;
    let mut times = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        training.validate(&state, &mut Nobody)?;
        times.push(started.elapsed());
    }
    Ok(TrainRow { name, step, inference: median(&mut times) })
}

/// A rate of almost nothing: noise teaches nothing.
fn options(batch: usize) -> Options {
    Options {
        batch,
        seed: 0,
        schedule: Schedule {
            peak: 1e-9,
            decay: Decay::Constant,
            warmup: 0,
            minimum: 0.0,
            total: u64::MAX >> 1,
        },
        sgd: Sgd::default(),
        loss: Loss { smoothing: 0.0, distillation: None },
        gates: Gates::Constant,
        fixed: None,
        norm_momentum: 0.1,
        freeze_norms: false,
        validate_every: u64::MAX >> 1,
        record_every: u64::MAX >> 1,
    }
}
