//! Where, as sums of products with 0 and 1.

use super::arithmetic::{add_tensors, added, scaled};
use super::build::{Builder, Tensor, Value};
use super::call::Call;
use super::constant::{Constant, Data};
use super::error::Problem;
use super::fold::{floats, joint, spread};
use super::operand::with_constant;

/// Where, by a constant condition: each tensor times 0 or 1, and what a constant has elsewhere.
pub(super) fn choose(call: &Call, build: &mut Builder) -> Problem<Tensor> {
    let condition = call.constant(0)?;
    let mut total: Option<Tensor> = None;
    let mut kept = Vec::new();
    for (index, wanted) in [(1, true), (2, false)] {
        let share =
            condition.floats().iter().map(|set| f32::from(u8::from((*set != 0.0) == wanted))).collect();
        let share = Constant::new(condition.dims.clone(), Data::Float(share))?;
        match call.input(index).ok_or_else(|| format!("input {index} is missing"))? {
            Value::Tensor(x) => {
                let x = with_constant(x, &share, build, |scale| Ok(scaled(scale)))?;
                total = Some(match &total {
                    None => x,
                    Some(total) => add_tensors(total, &x, build)?,
                });
            }
            Value::Constant(values) => kept.push(only_where(&share, values)?),
        }
    }
    let total = total.ok_or("chooses between constants by a computed condition")?;
    kept.iter().try_fold(total, |total, values| with_constant(&total, values, build, added))
}

/// The values where `share` is 1, zeros elsewhere.
fn only_where(share: &Constant, values: &Constant) -> Problem<Constant> {
    let dims = joint(&[&share.dims, &values.dims])?;
    let pairs = floats(spread(share, &dims)?).into_iter().zip(floats(spread(values, &dims)?));
    Constant::new(
        dims,
        Data::Float(pairs.map(|(share, value)| if share == 0.0 { 0.0 } else { value }).collect()),
    )
}
