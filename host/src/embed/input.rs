use brelu_core::plan::{Plan, Preprocess};

use super::InputError;

/// How far beyond a pixel's range a value may be, in pixels: what rounding does.
const BEYOND: f32 = 0.51;

/// The network's input in the plan's fixed point.
///
/// `values` is in the float network's units, after the preprocessing, `channels x height x width`.
///
/// # Errors
/// If there are not as many as the network takes, one is not finite or beyond what pixels can give, or the plan does not say
/// what its units are worth.
pub fn units(plan: &Plan<'_>, values: &[f32]) -> Result<Vec<u32>, InputError> {
    let (header, plane) = (plan.header(), plan.input().shape.plane());
    let real = |channel: usize| {
        let scale = header.input_scale.get(channel).or(header.input_scale.first())?;
        Some(header.preprocess.pair(channel)?.map(|unit| unit * scale))
    };
    Ok(quantise_input(&header.preprocess, plane, &pixels(plan, values, real)?))
}

/// The pixels that give `values` of the network's input (see [`units`]); they need not be whole numbers. `real` says for a
/// channel by what factor and what summand a pixel becomes a value.
///
/// # Errors
/// As [`units`], and if `real` does not know a channel.
pub fn pixels(
    plan: &Plan<'_>,
    values: &[f32],
    real: impl Fn(usize) -> Option<[f32; 2]>,
) -> Result<Vec<f32>, InputError> {
    let shape = plan.input().shape;
    if values.len() != shape.len() {
        let text = format!("{} x {} x {}", shape.channels, shape.height, shape.width);
        return Err(InputError::Length { given: values.len(), wanted: shape.len(), shape: text });
    }
    let mut pixels = Vec::with_capacity(values.len());
    for (channel, values) in values.chunks(shape.plane().max(1)).enumerate() {
        let [scale, shift] = real(channel).ok_or(InputError::Units)?;
        for value in values {
            let pixel = (value - shift) / scale;
            if !(-BEYOND..=255.0 + BEYOND).contains(&pixel) {
                let [black, white] = [shift, 255.0 * scale + shift];
                let (least, most) = (black.min(white), black.max(white));
                return Err(InputError::Range { value: *value, channel, least, most });
            }
            pixels.push(pixel);
        }
    }
    Ok(pixels)
}

/// The input tensor, as residues mod 2^32, of pixels that stand plane by plane, `plane` pixels each.
pub fn quantise_input<P: Copy + Into<f32>>(preprocess: &Preprocess, plane: usize, pixels: &[P]) -> Vec<u32> {
    let planes = pixels.chunks(plane.max(1)).enumerate();
    let elements = |(channel, plane): (usize, &[P])| {
        plane.iter().map(|pixel| preprocess.unit(channel, *pixel)).collect::<Vec<u32>>()
    };
    planes.flat_map(elements).collect()
}
