//! From [`TensorProto`] to [`Constant`].

use super::constant::{Constant, Data, product};
use super::error::{ImportError, Problem};
use super::external::Beside;
use super::proto::{TensorProto, data_type};
use crate::graph::MAX_TENSOR_LEN;

/// Reads a constant, in the model or in a file `beside` it; refuses unsupported types and lengths that do not match.
pub(super) fn constant(tensor: &TensorProto, beside: &Beside) -> Result<Constant, ImportError> {
    read(tensor, beside).map_err(|problem| ImportError::Tensor { name: tensor.name.clone(), problem })
}

fn read(tensor: &TensorProto, beside: &Beside) -> Problem<Constant> {
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
    let dims = dims.ok_or_else(|| format!("its dimensions {:?} are not sizes", tensor.dims))?;
    let given = [
        !tensor.raw_data.is_empty(),
        !tensor.float_data.is_empty(),
        !tensor.int32_data.is_empty(),
        !tensor.int64_data.is_empty(),
        !tensor.double_data.is_empty(),
        tensor.data_location != INSIDE || !tensor.external_data.is_empty(),
    ];
    if given.into_iter().filter(|given| *given).count() > 1 {
        return Err("has its values in more than one place, which may differ".into());
    }
    match tensor.data_location {
        INSIDE if tensor.external_data.is_empty() => Constant::new(dims, inside(tensor)?),
        OUTSIDE => outside(tensor, dims, beside),
        other => {
            Err(format!("its values are in a place of kind {other} that contradicts what is said of it"))
        }
    }
}

/// Where values are: in the model, in another file.
const INSIDE: i32 = 0;
const OUTSIDE: i32 = 1;

fn outside(tensor: &TensorProto, dims: Vec<usize>, beside: &Beside) -> Problem<Constant> {
    let len = product(&dims).map(|len| len as u64).filter(|len| *len <= MAX_TENSOR_LEN);
    let len = len.ok_or_else(|| format!("dimensions {dims:?} are too large"))?;
    let raw = beside.read(tensor, len * size(tensor.data_type)?)?;
    Constant::new(dims, decoded(tensor.data_type, &raw)?)
}

fn unsupported(data_type: i32) -> String {
    format!("element type {} is not supported; export the model as float32", data_type::name(data_type))
}

/// Bytes of an element.
fn size(data_type: i32) -> Problem<u64> {
    match data_type {
        data_type::DOUBLE | data_type::INT64 => Ok(8),
        data_type::FLOAT | data_type::INT32 => Ok(4),
        data_type::FLOAT16 | data_type::BFLOAT16 => Ok(2),
        data_type::INT8 | data_type::UINT8 | data_type::BOOL => Ok(1),
        other => Err(unsupported(other)),
    }
}

/// Elements from their bytes, little-endian.
fn decoded(data_type: i32, raw: &[u8]) -> Problem<Data> {
    Ok(match data_type {
        data_type::FLOAT => Data::Float(words(raw, f32::from_le_bytes)?),
        data_type::DOUBLE => Data::Float(words(raw, |bytes| f64::from_le_bytes(bytes) as f32)?),
        data_type::FLOAT16 => Data::Float(words(raw, |bytes| half(u16::from_le_bytes(bytes)))?),
        data_type::BFLOAT16 => Data::Float(words(raw, |bytes| bfloat(u16::from_le_bytes(bytes)))?),
        data_type::INT64 => Data::Int(words(raw, i64::from_le_bytes)?),
        data_type::INT32 => Data::Int(words(raw, |bytes| i32::from_le_bytes(bytes).into())?),
        data_type::INT8 => Data::Int(words(raw, |[byte]| i64::from(byte as i8))?),
        data_type::UINT8 | data_type::BOOL => Data::Int(words(raw, |[byte]| byte.into())?),
        other => return Err(unsupported(other)),
    })
}

/// Elements from a field of the message.
fn inside(tensor: &TensorProto) -> Problem<Data> {
    if !tensor.raw_data.is_empty() {
        return decoded(tensor.data_type, &tensor.raw_data);
    }
    let bits = |to: fn(u16) -> f32| tensor.int32_data.iter().map(|value| to(*value as u16)).collect();
    Ok(match tensor.data_type {
        data_type::FLOAT => Data::Float(tensor.float_data.clone()),
        data_type::DOUBLE => Data::Float(tensor.double_data.iter().map(|value| *value as f32).collect()),
        data_type::FLOAT16 => Data::Float(bits(half)),
        data_type::BFLOAT16 => Data::Float(bits(bfloat)),
        data_type::INT64 => Data::Int(tensor.int64_data.clone()),
        data_type::INT32 | data_type::INT8 | data_type::UINT8 | data_type::BOOL => {
            Data::Int(tensor.int32_data.iter().map(|value| i64::from(*value)).collect())
        }
        other => return Err(unsupported(other)),
    })
}

fn words<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Problem<Vec<T>> {
    let (words, rest) = raw.as_chunks::<N>();
    match rest.is_empty() {
        true => Ok(words.iter().map(|word| read(*word)).collect()),
        false => Err(format!("{} bytes of data are not a multiple of {N}", raw.len())),
    }
}

fn bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 binary16: sign, 5 exponent bits with bias 15, 10 fraction bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff) / 1024.0);
    sign * match exponent {
        0 => fraction * 2.0f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2.0f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(half(bits), value);
        }
        assert_eq!(half(0x7c00), f32::INFINITY);
        assert!(half(0x7e00).is_nan());
        assert_eq!(bfloat(0x3fc0), 1.5);
    }

    #[test]
    fn lengths_must_match() {
        let tensor = TensorProto {
            name: "w".into(),
            dims: vec![1 << 40, 1 << 40],
            data_type: data_type::FLOAT,
            raw_data: vec![0; 8],
            ..Default::default()
        };
        let error = constant(&tensor, &Beside::default()).unwrap_err().to_string();
        assert!(error.starts_with("tensor \"w\": holds 2 values"), "{error}");
        let tensor = TensorProto { dims: vec![2], raw_data: vec![0; 7], ..tensor };
        let error = constant(&tensor, &Beside::default()).unwrap_err().to_string();
        assert_eq!(error, "tensor \"w\": 7 bytes of data are not a multiple of 4");
        let tensor = TensorProto { float_data: vec![1.0; 2], ..tensor };
        let error = constant(&tensor, &Beside::default()).unwrap_err().to_string();
        assert_eq!(error, "tensor \"w\": has its values in more than one place, which may differ");
    }
}
