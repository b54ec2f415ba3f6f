use super::Judge;
use super::judge::agreement;
use super::record::FloatRecord;
use crate::data::{Preprocess, Target};
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
    /// Compares the logits of one image and what they decide for with the float network's.
    pub fn new(float: &[f32], got: &[f32], decided: &[u32], target: &Target, judge: &Judge) -> Self {
        let want = judge.decisions(float);
        let errors = float.iter().zip(got).map(|(want, got)| f64::from((want - got).abs()));
        let count = float.len().max(1) as f64;
        let mean = float.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let variance = float.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        Self {
            top: judge.top(float),
            agreement: agreement(&want, decided),
            map: judge.compare(target, &want),
            mean_error: errors.clone().sum::<f64>() / count,
            largest_error: errors.fold(0.0, f64::max),
            spread: variance.sqrt(),
        }
    }
}
