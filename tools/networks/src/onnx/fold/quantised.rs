//! QuantizeLinear and DequantizeLinear of constants, with one scale or one for every position of an axis.

use super::super::call::{Call, axis};
use super::super::constant::{Constant, Data, product};
use super::super::error::Problem;
use super::elementwise::{floats, spread};

pub(super) fn dequantised(call: &Call) -> Problem<Constant> {
    let x = call.constant(0)?;
    let (scale, zero) = steps(call, x)?;
    let number = |(q, (scale, zero)): (&i64, (&f32, &f32))| (*q as f32 - zero) * scale;
    let values = x.as_ints()?.iter().zip(scale.iter().zip(&zero)).map(number).collect();
    Constant::new(x.dims.clone(), Data::Float(values))
}

pub(super) fn quantised(call: &Call) -> Problem<Constant> {
    let (x, range) = (call.constant(0)?, call.ranges.made_by(call.proto)?);
    let (scale, zero) = steps(call, x)?;
    let integer = |(x, (scale, zero)): (&f32, (&f32, &f32))| {
        ((x / scale).round_ties_even() as i64)
            .saturating_add(*zero as i64)
            .clamp(*range.start(), *range.end())
    };
    let values = x.floats().iter().zip(scale.iter().zip(&zero)).map(integer).collect();
    Constant::new(x.dims.clone(), Data::Int(values))
}

/// Scale and zero point of every element.
fn steps(call: &Call, x: &Constant) -> Problem<(Vec<f32>, Vec<f32>)> {
    if call.int("block_size", 0) != 0 {
        return Err("attribute block_size is not supported: quantise by tensor or by channel".into());
    }
    let (scale, zero) = (call.constant(1)?, call.optional_constant(2)?);
    let each = |of: &Constant| {
        let mut dims = vec![1; x.dims.len()];
        if of.len() != 1 {
            let along = axis(call.int("axis", 1), x.dims.len())?;
            dims[along] = of.len();
            if of.dims.len() != 1 || dims[along] != x.dims[along] {
                return Err(format!("scales of dimensions {:?} do not fit {:?}", of.dims, x.dims));
            }
        }
        spread(&Constant::new(dims, of.data.clone())?, &x.dims).map(floats)
    };
    let len = product(&x.dims).ok_or("too many elements")?;
    let scales = each(scale)?;
    match scales.iter().all(|scale| scale.is_finite() && *scale > 0.0) {
        true => Ok((scales, zero.map_or_else(|| Ok(vec![0.0; len]), |zero| each(zero))?)),
        false => Err("one of its scales is not positive".into()),
    }
}
