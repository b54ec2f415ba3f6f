//! What of the output is compared with that of the network as it is.

use burn::tensor::Tensor;

/// Which error choices are refined by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// The outputs themselves, as the paper does.
    Outputs,
    /// The outputs of an image (of a pixel, for maps) less their mean, as a vector of length one. Which output is the
    /// largest depends on nothing else. Where there is only one output a pixel, it is compared itself.
    #[default]
    Directions,
}

/// Keeps the gradient of a length finite where all outputs are equal.
const LEAST_SQUARE: f32 = 1e-12;

impl Compared {
    /// What is compared, for a batch of outputs (images x outputs x rows x columns); the shape stays.
    pub(super) fn of(self, output: Tensor<4>) -> Tensor<4> {
        if self == Self::Outputs || output.dims()[1] < 2 {
            return output;
        }
        let centred = output.clone() - output.mean_dim(1);
        let length = (centred.clone().powf_scalar(2.0).sum_dim(1) + LEAST_SQUARE).sqrt();
        centred / length
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use brelu_learn::interpreter::values;

    fn of(outputs: &[f32], compared: Compared, dims: [usize; 4]) -> Vec<f32> {
        values(compared.of(Tensor::from_data(TensorData::new(outputs.to_vec(), dims), &Device::flex())))
    }

    #[test]
    fn directions_do_not_depend_on_offset_and_scale() {
        let one = of(&[3.0, -1.0, 1.0], Compared::Directions, [1, 3, 1, 1]);
        let other = of(&[16.0, 8.0, 12.0], Compared::Directions, [1, 3, 1, 1]);
        for ((a, b), right) in one.iter().zip(&other).zip([0.5f32.sqrt(), -(0.5f32.sqrt()), 0.0]) {
            assert!((a - right).abs() < 1e-6 && (b - right).abs() < 1e-6);
        }
    }

    #[test]
    fn pixels_are_vectors_of_their_own_and_equal_outputs_are_zero() {
        let got = of(&[1.0, 7.0, 5.0, 7.0], Compared::Directions, [1, 2, 1, 2]);
        for (got, right) in got.iter().zip([-(0.5f32.sqrt()), 0.0, 0.5f32.sqrt(), 0.0]) {
            assert!((got - right).abs() < 1e-5);
        }
        assert_eq!(of(&[1.0, 7.0], Compared::Directions, [1, 1, 1, 2]), [1.0, 7.0]);
        assert_eq!(of(&[1.0, 7.0], Compared::Outputs, [1, 2, 1, 1]), [1.0, 7.0]);
    }
}
