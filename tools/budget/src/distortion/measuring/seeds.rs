use brelu_networks::numbers::Random;

/// Which linear functions of the output are probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seeds {
    /// Every output element by itself: exact.
    Every {
        /// Elements of the output.
        outputs: usize,
    },
    /// Random signs for all elements: `E[<v, y>^2] = |y|^2`.
    Random {
        /// Elements of the output.
        outputs: usize,
        /// Probes an image.
        count: usize,
        /// Seed.
        seed: u64,
    },
}

/// Outputs up to this many are all probed, unless a number of probes is given.
const MOST_OUTPUTS: usize = 16;

/// Random probes an image for larger outputs, unless a number is given.
const PROBES: u32 = 4;

impl Seeds {
    pub(super) fn new(outputs: usize, probes: Option<u32>, seed: u64) -> Self {
        match probes {
            None if outputs <= MOST_OUTPUTS => Self::Every { outputs },
            count => Self::Random { outputs, count: count.unwrap_or(PROBES) as usize, seed },
        }
    }

    pub(super) const fn count(&self) -> usize {
        match *self {
            Self::Every { outputs } => outputs,
            Self::Random { count, .. } => count,
        }
    }

    /// Elements of the output.
    pub(super) const fn outputs(&self) -> usize {
        match *self {
            Self::Every { outputs } | Self::Random { outputs, .. } => outputs,
        }
    }

    /// What the sum of squared probes has to be multiplied with to be the mean square of the output's elements.
    pub(super) fn weight(&self) -> f64 {
        match *self {
            Self::Every { outputs } => 1.0 / outputs as f64,
            Self::Random { outputs, count, .. } => 1.0 / (outputs as f64 * count as f64),
        }
    }

    /// Weights of the outputs of a batch, whose images have these numbers, in a probe.
    pub(super) fn weights(&self, numbers: &[u64], probe: usize) -> Vec<f32> {
        numbers.iter().flat_map(|number| self.probe(*number, probe)).collect()
    }

    /// Weights of the output's elements in a probe of image `number`.
    pub(super) fn probe(&self, number: u64, probe: usize) -> Vec<f32> {
        match *self {
            Self::Every { outputs } => (0..outputs).map(|at| f32::from(u8::from(at == probe))).collect(),
            Self::Random { outputs, seed, .. } => {
                let own = seed ^ number.wrapping_mul(Random::STEP) ^ (probe as u64) << 48;
                let mut random = Random::new(own);
                (0..outputs).map(|_| if random.below(2) == 0 { 1.0 } else { -1.0 }).collect()
            }
        }
    }
}
