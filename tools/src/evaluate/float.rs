use brelu_core::geometry::Shape;

use super::record::FloatRecord;
use super::scores::{decisions, largest};
use crate::data::Preprocess;
use crate::graph::{Executor, RunError, Scratch};

/// The float network that results are compared with.
#[derive(Debug)]
pub struct Float<'a> {
    /// The network.
    pub executor: Executor<'a>,
    /// How pixels become its input.
    pub preprocess: Preprocess,
}

impl Float<'_> {
    /// Logits of one image.
    ///
    /// # Errors
    /// If the image has not the size of the input.
    pub fn run(&self, pixels: &[u8], scratch: &mut Scratch) -> Result<Vec<f32>, RunError> {
        self.executor.run_with(&self.preprocess.normalise(pixels), scratch, &mut |_, _, _| ())
    }
}

impl FloatRecord {
    /// Compares the logits of one image, of `shape`, with the float network's.
    pub fn new(float: &[f32], got: &[f32], shape: Shape) -> Self {
        let (want, have) = (decisions(float, shape), decisions(got, shape));
        let equal = want.iter().zip(&have).filter(|(want, have)| want == have).count();
        let errors = float.iter().zip(got).map(|(want, got)| f64::from((want - got).abs()));
        let count = float.len().max(1) as f64;
        let mean = float.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let variance = float.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        Self {
            top: if shape.plane() == 1 { largest(float, 5) } else { Vec::new() },
            agreement: equal as f64 / want.len().max(1) as f64,
            mean_error: errors.clone().sum::<f64>() / count,
            largest_error: errors.fold(0.0, f64::max),
            spread: variance.sqrt(),
        }
    }
}
