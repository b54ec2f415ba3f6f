//! From [`TensorProto`] to [`Constant`].

use super::constant::{Constant, Data};
use super::error::{ImportError, Problem};
use super::proto::{TensorProto, data_type};

/// Reads a constant; refuses other files, unsupported types and lengths that do not match.
pub(super) fn constant(tensor: &TensorProto) -> Result<Constant, ImportError> {
    read(tensor).map_err(|problem| ImportError::Tensor { name: tensor.name.clone(), problem })
}

fn read(tensor: &TensorProto) -> Problem<Constant> {
    if tensor.data_location != 0 || !tensor.external_data.is_empty() {
        return Err(
            "its values are in another file; save the model with all weights in one .onnx file".into()
        );
    }
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
    let dims = dims.ok_or_else(|| format!("its dimensions {:?} are not sizes", tensor.dims))?;
    Constant::new(dims, elements(tensor)?)
}

fn elements(tensor: &TensorProto) -> Problem<Data> {
    let raw = (!tensor.raw_data.is_empty()).then_some(tensor.raw_data.as_slice());
    let ints = |values: &[i32]| values.iter().map(|value| i64::from(*value)).collect();
    let bits = |to: fn(u16) -> f32| tensor.int32_data.iter().map(|value| to(*value as u16)).collect();
    Ok(match (tensor.data_type, raw) {
        (data_type::FLOAT, Some(raw)) => Data::Float(words(raw, f32::from_le_bytes)?),
        (data_type::FLOAT, None) => Data::Float(tensor.float_data.clone()),
        (data_type::DOUBLE, Some(raw)) => Data::Float(words(raw, |bytes| f64::from_le_bytes(bytes) as f32)?),
        (data_type::DOUBLE, None) => {
            Data::Float(tensor.double_data.iter().map(|value| *value as f32).collect())
        }
        (data_type::FLOAT16, Some(raw)) => Data::Float(words(raw, |bytes| half(u16::from_le_bytes(bytes)))?),
        (data_type::FLOAT16, None) => Data::Float(bits(half)),
        (data_type::BFLOAT16, Some(raw)) => {
            Data::Float(words(raw, |bytes| bfloat(u16::from_le_bytes(bytes)))?)
        }
        (data_type::BFLOAT16, None) => Data::Float(bits(bfloat)),
        (data_type::INT64, Some(raw)) => Data::Int(words(raw, i64::from_le_bytes)?),
        (data_type::INT64, None) => Data::Int(tensor.int64_data.clone()),
        (data_type::INT32, Some(raw)) => Data::Int(words(raw, |bytes| i32::from_le_bytes(bytes).into())?),
        (data_type::INT8, Some(raw)) => Data::Int(words(raw, |[byte]| i64::from(byte as i8))?),
        (data_type::UINT8 | data_type::BOOL, Some(raw)) => Data::Int(words(raw, |[byte]| byte.into())?),
        (data_type::INT32 | data_type::INT8 | data_type::UINT8 | data_type::BOOL, None) => {
            Data::Int(ints(&tensor.int32_data))
        }
        (other, _) => {
            return Err(format!("element type {other} is not supported; export the model as float32"));
        }
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
        let error = constant(&tensor).unwrap_err().to_string();
        assert!(error.starts_with("tensor \"w\": holds 2 values"), "{error}");
        let tensor = TensorProto { dims: vec![2], raw_data: vec![0; 7], ..tensor };
        let error = constant(&tensor).unwrap_err().to_string();
        assert_eq!(error, "tensor \"w\": 7 bytes of data are not a multiple of 4");
        let tensor = TensorProto { data_location: 1, ..tensor };
        assert!(constant(&tensor).unwrap_err().to_string().contains("another file"));
    }
}
