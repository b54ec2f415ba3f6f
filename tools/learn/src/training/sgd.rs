//! Stochastic gradient descent with momentum, as the finetuning recipes of arXiv 2304.10442 use it.
//!
//! burn's optimisers keep their state in modules; these parameters are plain tensors whose state goes into checkpoints.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The constants of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sgd {
    /// Share of the last velocity that is kept, from 0 to below 1.
    pub momentum: f64,
    /// Whether the step looks ahead by the velocity it will have (Nesterov).
    pub nesterov: bool,
    /// What of a parameter is added to its gradient, for parameters that decay.
    pub weight_decay: f64,
    /// Largest Euclidean norm of all gradients together; larger ones are scaled down.
    pub clip: Option<f64>,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false, weight_decay: 1e-4, clip: None }
    }
}

/// A parameter in a step.
pub(crate) struct Descent<'a> {
    pub(crate) parameter: &'a mut Tensor<1>,
    pub(crate) velocity: &'a mut Tensor<1>,
    pub(crate) gradient: Tensor<1>,
    pub(crate) decays: bool,
}

impl Sgd {
    /// One step on all parameters, tensors without gradients:
    /// `g += decay p; v = momentum v + g; p -= rate v`, with `g + momentum v` for `v` if it looks ahead.
    pub(crate) fn step(&self, rate: f64, descents: Vec<Descent<'_>>) {
        let scale = self.clip.map_or(1.0, |most| scale(most, &descents));
        for Descent { parameter, velocity, mut gradient, decays } in descents {
            if scale != 1.0 {
                gradient = gradient * scale;
            }
            if decays && self.weight_decay != 0.0 {
                gradient = gradient + parameter.clone() * self.weight_decay;
            }
            *velocity = velocity.clone() * self.momentum + gradient.clone();
            let direction = match self.nesterov {
                true => gradient + velocity.clone() * self.momentum,
                false => velocity.clone(),
            };
            *parameter = parameter.clone() - direction * rate;
        }
    }
}

/// What brings the norm of all gradients down to `most`; 1 if it is not above. A norm that is no number scales nothing:
/// the loss will say so.
fn scale(most: f64, descents: &[Descent<'_>]) -> f64 {
    let square = |descent: &Descent<'_>| {
        f64::from((descent.gradient.clone() * descent.gradient.clone()).sum().into_scalar::<f32>())
    };
    let norm = descents.iter().map(square).sum::<f64>().sqrt();
    if norm > most { most / norm } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::interpreter::values;

    /// Two steps with gradients 2 and 4 (times `factor`) at rate 0.1 from parameter 1 and no velocity.
    fn two_steps(sgd: &Sgd, decays: bool, factor: f32) -> f32 {
        let device = Device::flex();
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &device);
        let (mut parameter, mut velocity) = (tensor(1.0), tensor(0.0));
        for gradient in [2.0, 4.0] {
            let gradient = tensor(gradient * factor);
            sgd.step(
                0.1,
                vec![Descent { parameter: &mut parameter, velocity: &mut velocity, gradient, decays }],
            );
        }
        values(parameter)[0]
    }

    fn near(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn steps_by_hand() {
        let plain = Sgd { momentum: 0.5, nesterov: false, weight_decay: 0.0, clip: None };
        assert!(near(two_steps(&plain, true, 1.0), 1.0 - 0.2 - 0.5));
        let ahead = Sgd { nesterov: true, ..plain };
        assert!(near(two_steps(&ahead, true, 1.0), 1.0 - 0.3 - (0.4 + 0.25)));
        let decaying = Sgd { weight_decay: 0.1, ..plain };
        // v1 = 2.1, p1 = 0.79; v2 = 1.05 + 4.079.
        assert!(near(two_steps(&decaying, true, 1.0), 0.79 - 0.5129));
        assert!(near(two_steps(&decaying, false, 1.0), 0.3));
    }

    #[test]
    fn large_gradients_are_scaled_together() {
        let sgd = Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0, clip: Some(5.0) };
        let device = Device::flex();
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &device);
        let (mut a, mut b, mut v, mut w) = (tensor(0.0), tensor(0.0), tensor(0.0), tensor(0.0));
        sgd.step(
            1.0,
            vec![
                Descent { parameter: &mut a, velocity: &mut v, gradient: tensor(6.0), decays: true },
                Descent { parameter: &mut b, velocity: &mut w, gradient: tensor(8.0), decays: true },
            ],
        );
        assert!(near(values(a)[0], -3.0) && near(values(b)[0], -4.0));
        assert!(near(two_steps(&sgd, true, 1.0), 1.0 - 0.2 - 0.4));
    }
}
