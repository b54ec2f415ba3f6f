//! Many small random numbers at a time, in lanes that a compiler makes one instruction of.

use brelu_networks::numbers::Random;

/// Numbers made at a time.
pub(super) const LANES: usize = 16;

/// Sixteen generators side by side (Marsaglia's 32-bit xorshift), for noise and nothing else.
pub(super) struct Lanes([u32; LANES]);

impl Lanes {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // A generator at zero stays there.
        Self([0; LANES].map(|_| (random.word() >> 32) as u32 | 1))
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> [u32; LANES] {
        for lane in &mut self.0 {
            *lane ^= *lane << 13;
            *lane ^= *lane >> 17;
            *lane ^= *lane << 5;
        }
        self.0
    }

    /// Uniform from 0 to below 1.
    #[inline(always)]
    pub(super) fn uniform(&mut self) -> [f32; LANES] {
        self.next().map(|word| (word >> 8) as i32 as f32 * (-24f32).exp2())
    }

    /// The sum of two uniform numbers from -1/2 to 1/2.
    #[inline(always)]
    pub(super) fn triangle(&mut self) -> [f32; LANES] {
        self.next().map(|word| ((word & 0xffff) + (word >> 16)) as i32 as f32 * (-16f32).exp2() - 1.0)
    }
}

/// `of` each pair of a number of `inputs` and a random one, into `outputs`.
#[inline(always)]
pub(super) fn zip(
    outputs: &mut [f32],
    inputs: &[f32],
    mut random: impl FnMut() -> [f32; LANES],
    of: impl Fn(f32, f32, f32) -> f32,
) {
    let (outputs, inputs) = (outputs.as_chunks_mut::<LANES>(), inputs.as_chunks::<LANES>());
    for (outputs, inputs) in outputs.0.iter_mut().zip(inputs.0) {
        let random = random();
        for lane in 0..LANES {
            outputs[lane] = of(outputs[lane], inputs[lane], random[lane]);
        }
    }
    let rest = outputs.1.iter_mut().zip(inputs.1).zip(random());
    rest.for_each(|((output, input), random)| *output = of(*output, *input, random));
}

/// The largest absolute value.
pub(super) fn largest(values: &[f32]) -> f32 {
    let larger = |most: f32, value: f32| if value.abs() > most { value.abs() } else { most };
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    lanes.iter().chain(rest).fold(0.0, |most, value| larger(most, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: impl Iterator<Item = f32>) -> [f32; 2] {
        let values: Vec<f32> = values.collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        [mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32]
    }

    #[test]
    fn numbers_are_spread() {
        let mut lanes = Lanes::new(3);
        let uniform: Vec<f32> = (0..1000).flat_map(|_| lanes.uniform()).collect();
        assert!(uniform.iter().all(|value| (0.0..1.0).contains(value)));
        let [mean, variance] = moments(uniform.into_iter());
        assert!((mean - 0.5).abs() < 0.01 && (variance - 1.0 / 12.0).abs() < 0.003, "{mean} {variance}");
        let triangle: Vec<f32> = (0..1000).flat_map(|_| lanes.triangle()).collect();
        assert!(triangle.iter().all(|value| (-1.0..1.0).contains(value)));
        let [mean, variance] = moments(triangle.into_iter());
        assert!(mean.abs() < 0.015 && (variance - 1.0 / 6.0).abs() < 0.006, "{mean} {variance}");
        assert_ne!(Lanes::new(0).next(), Lanes::new(1).next());
    }

    #[test]
    fn rests_count() {
        let values: Vec<f32> = (0..37).map(|at| at as f32 - 40.0).collect();
        assert_eq!((largest(&values), largest(&values[33..]), largest(&[])), (40.0, 7.0, 0.0));
        let mut outputs = vec![1.0; 37];
        zip(&mut outputs, &values, || [0.5; LANES], |output, input, random| output + input + random);
        assert!(outputs.iter().zip(&values).all(|(output, value)| *output == value + 1.5));
    }
}
