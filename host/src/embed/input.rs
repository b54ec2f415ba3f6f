use brelu_core::plan::Plan;

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
    let shape = plan.input().shape;
    if values.len() != shape.len() {
        let text = format!("{} x {} x {}", shape.channels, shape.height, shape.width);
        return Err(InputError::Length { given: values.len(), wanted: shape.len(), shape: text });
    }
    let (header, plane) = (plan.header(), shape.plane().max(1));
    let mut units = Vec::with_capacity(values.len());
    for (channel, values) in values.chunks(plane).enumerate() {
        let scale = header.input_scale.get(channel).or(header.input_scale.first());
        let pair = header.preprocess.affine.get(channel).or(header.preprocess.affine.first());
        let (Some(scale), Some([mul, add])) = (scale, pair) else { return Err(InputError::Units) };
        for value in values {
            let pixel = (value / scale - add) / mul;
            if !(-BEYOND..=255.0 + BEYOND).contains(&pixel) {
                let [black, white] = [*add, 255.0 * mul + add].map(|unit| unit * scale);
                let (least, most) = (black.min(white), black.max(white));
                return Err(InputError::Range { value: *value, channel, least, most });
            }
            units.push((value / scale).round() as i32 as u32);
        }
    }
    Ok(units)
}
