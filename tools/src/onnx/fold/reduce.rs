//! Sums, means and extremes of a constant along some of its axes; products of matrices.

use super::super::call::{Call, axis};
use super::super::constant::{Constant, Data, MAX_MADE};
use super::super::error::Problem;

/// The operators, and the set since which each has its axes as an input.
pub(super) const REDUCED: [(&str, i64); 7] = [
    ("ReduceSum", 13),
    ("ReduceMean", 18),
    ("ReduceMax", 18),
    ("ReduceMin", 18),
    ("ReduceProd", 18),
    ("ReduceL2", 18),
    ("ReduceSumSquare", 18),
];

/// Most multiplications of a product of constants.
const MAX_MACS: usize = 1 << 30;

pub(super) fn reduced(call: &Call, since: i64) -> Problem<Constant> {
    let from = call.constant(0)?;
    let rank = from.dims.len();
    let given = call.moved_ints("axes", 1, since)?.unwrap_or_default();
    if given.is_empty() && call.int("noop_with_empty_axes", 0) != 0 {
        return Ok(from.as_ref().clone());
    }
    let mut axes = given.iter().map(|given| axis(*given, rank)).collect::<Problem<Vec<_>>>()?;
    if axes.is_empty() {
        axes = (0..rank).collect();
    }
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let reduced: Vec<usize> = (0..rank).filter(|axis| axes.contains(axis)).collect();
    let lines = from.transpose(&[kept.as_slice(), &reduced].concat())?;
    let line: usize = reduced.iter().map(|axis| from.dims[*axis]).product();
    if line == 0 {
        return Err("reduces an axis without elements".into());
    }
    let operator = call.proto.op_type.as_str();
    let data = match &lines.data {
        Data::Float(values) => {
            Data::Float(values.chunks_exact(line).map(|line| real(operator, line)).collect())
        }
        Data::Int(values) => Data::Int(
            values
                .chunks_exact(line)
                .map(|line| whole(operator, line))
                .collect::<Option<_>>()
                .ok_or("overflows")?,
        ),
    };
    let keep = call.int("keepdims", 1) != 0;
    let size = |axis: usize| if axes.contains(&axis) { keep.then_some(1) } else { Some(from.dims[axis]) };
    Constant::new((0..rank).filter_map(size).collect(), data)
}

fn real(operator: &str, line: &[f32]) -> f32 {
    let sum = |values: &mut dyn Iterator<Item = f32>| values.map(f64::from).sum::<f64>();
    match operator {
        "ReduceMax" => line.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        "ReduceMin" => line.iter().copied().fold(f32::INFINITY, f32::min),
        "ReduceProd" => line.iter().product(),
        "ReduceMean" => (sum(&mut line.iter().copied()) / line.len() as f64) as f32,
        "ReduceL2" => sum(&mut line.iter().map(|x| x * x)).sqrt() as f32,
        "ReduceSumSquare" => sum(&mut line.iter().map(|x| x * x)) as f32,
        _ => sum(&mut line.iter().copied()) as f32,
    }
}

fn whole(operator: &str, line: &[i64]) -> Option<i64> {
    let sum = || line.iter().try_fold(0i64, |sum, x| sum.checked_add(*x));
    match operator {
        "ReduceMax" => line.iter().copied().max(),
        "ReduceMin" => line.iter().copied().min(),
        "ReduceProd" => line.iter().try_fold(1i64, |product, x| product.checked_mul(*x)),
        "ReduceMean" => sum()?.checked_div(i64::try_from(line.len()).ok()?),
        "ReduceSum" => sum(),
        "ReduceSumSquare" => line.iter().try_fold(0i64, |sum, x| sum.checked_add(x.checked_mul(*x)?)),
        _ => None,
    }
}

/// `MatMul` of two matrices.
pub(super) fn matrix_product(call: &Call) -> Problem<Constant> {
    let (x, y) = (call.constant(0)?, call.constant(1)?);
    let ([rows, inner], [depth, columns]) = (&x.dims[..], &y.dims[..]) else {
        return Err(format!(
            "multiplies constants of dimensions {:?} and {:?}: only matrices are supported",
            x.dims, y.dims
        ));
    };
    let macs = rows.checked_mul(*inner).and_then(|len| len.checked_mul(*columns));
    let room = MAX_MADE.max(x.len()).max(y.len());
    if inner != depth
        || macs.is_none_or(|macs| macs > MAX_MACS)
        || rows.checked_mul(*columns).is_none_or(|len| len > room)
    {
        return Err(format!(
            "constants of dimensions {:?} and {:?} do not fit or are too large",
            x.dims, y.dims
        ));
    }
    let (left, right) = (x.floats(), y.transpose(&[1, 0])?.floats());
    let mut values = Vec::with_capacity(rows * columns);
    for row in (0..*rows).map(|row| &left[row * inner..][..*inner]) {
        let products = (0..*columns).map(|column| {
            let column = &right[column * inner..][..*inner];
            row.iter().zip(column).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>() as f32
        });
        values.extend(products);
    }
    match (&x.data, &y.data) {
        (Data::Float(_), Data::Float(_)) => Constant::new(vec![*rows, *columns], Data::Float(values)),
        _ => Err("multiplies matrices of whole numbers, which is not supported".into()),
    }
}
