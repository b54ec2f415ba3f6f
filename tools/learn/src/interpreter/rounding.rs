//! Weights as plans have them.

use burn::tensor::Tensor;

use super::Trainable;
use super::layer::Layer;

impl Trainable {
    /// The parameters with weights of convolutions rounded to multiples of `2^-fraction` of what they are once norms are
    /// folded into them, as plans have them where input and output have units of one size. Gradients pass as if nothing
    /// was rounded.
    pub fn rounded(
        &self,
        parameters: &[Tensor<1>],
        running: &[[Tensor<1>; 2]],
        fraction: u8,
    ) -> Vec<Tensor<1>> {
        let mut rounded = parameters.to_vec();
        let readers = self.graph.consumers();
        for (layer, readers) in self.layers.iter().zip(&readers) {
            let Layer::Conv { geometry, weights, .. } = layer else { continue };
            let channels = geometry.out_channels as usize;
            let mut units = vec![(-f32::from(fraction)).exp2(); channels];
            if let [reader] = readers[..]
                && let Layer::Norm { scale, number, epsilon, .. } = &self.layers[reader.0]
            {
                let scale = super::values(parameters[*scale].clone().inner());
                let variance = super::values(running[*number][1].clone());
                for ((unit, scale), variance) in units.iter_mut().zip(scale).zip(variance) {
                    let factor = scale.abs() / (variance + epsilon).sqrt();
                    *unit /= factor.max(f32::MIN_POSITIVE);
                }
            }
            rounded[*weights] = self.round(&parameters[*weights], &units);
        }
        rounded
    }

    /// Every output channel's weights as multiples of its unit.
    fn round(&self, weights: &Tensor<1>, units: &[f32]) -> Tensor<1> {
        let values = super::values(weights.clone().inner());
        let each = (values.len() / units.len().max(1)).max(1);
        let difference = |(at, value): (usize, &f32)| {
            let unit = units[at / each];
            let near = unit * (value / unit).round();
            if near.is_finite() { near - value } else { 0.0 }
        };
        let differences: Vec<f32> = values.iter().enumerate().map(difference).collect();
        weights.clone() + self.tensor(&differences)
    }
}
