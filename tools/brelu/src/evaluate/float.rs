use super::judge::agreement;
use super::record::FloatRecord;
use super::verdict::label_agreement;
use super::{Judge, Verdict};
use brelu_data::{Preprocess, Target};
use brelu_host::embed::Answer;
use brelu_networks::graph::{Executor, RunError, Scratch};

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
    /// Compares what an inference says of an image with the float network's logits and what these decide for.
    pub fn new(float: &[f32], got: &Verdict, target: &Target, judge: &Judge) -> Self {
        let want = judge.decisions(float);
        let mean = float.iter().map(|value| f64::from(*value)).sum::<f64>() / float.len().max(1) as f64;
        let variance = float.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
        let record = Self {
            top: judge.top(float),
            agreement: agreement(&want, &got.decided),
            ranks: None,
            map: judge.compare(target, &want),
            mean_error: None,
            largest_error: None,
            spread: (variance / float.len().max(1) as f64).sqrt(),
        };
        match &got.opened {
            Answer::Scores(scores) => {
                let [mean, largest] = errors(float, scores);
                Self { mean_error: Some(mean), largest_error: Some(largest), ..record }
            }
            Answer::Labels(labels) => {
                let (agreement, ranks) = label_agreement(labels, float, judge.shape());
                Self { agreement, ranks, ..record }
            }
        }
    }
}

/// Mean and largest magnitude of differences.
fn errors(want: &[f32], got: &[f32]) -> [f64; 2] {
    let errors = want.iter().zip(got).map(|(want, got)| f64::from((want - got).abs()));
    [errors.clone().sum::<f64>() / want.len().max(1) as f64, errors.fold(0.0, f64::max)]
}
