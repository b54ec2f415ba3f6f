//! Tensors of safetensors files and PyTorch checkpoints.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use pytorch_reader::{DType, PickleValue, PytorchReader, Tensor};
use safetensors::{Dtype, SafeTensors};

use super::WeightsError;

/// What Python modules that run programs or code are called; pickles of checkpoints have no use for them.
const HOSTILE: [&str; 10] =
    ["posix", "nt", "os", "subprocess", "sys", "shutil", "socket", "runpy", "pty", "importlib"];
/// As [`HOSTILE`], of the module of built-in functions.
const HOSTILE_BUILTINS: [&str; 6] = ["eval", "exec", "compile", "open", "__import__", "breakpoint"];

/// A tensor of a file.
pub(super) struct Found<'a> {
    pub(super) shape: Vec<usize>,
    data: Data<'a>,
}

enum Data<'a> {
    Safetensors(Dtype, &'a [u8]),
    Pytorch(Tensor),
}

impl Found<'_> {
    /// The values as `f32`.
    pub(super) fn values(&self) -> Result<Vec<f32>, String> {
        match &self.data {
            Data::Safetensors(Dtype::F64, bytes) => Ok(floats(bytes, |b| f64::from_le_bytes(b) as f32)),
            Data::Safetensors(Dtype::F32, bytes) => Ok(floats(bytes, f32::from_le_bytes)),
            Data::Safetensors(Dtype::F16, bytes) => Ok(floats(bytes, |b| f16::from_le_bytes(b).to_f32())),
            Data::Safetensors(Dtype::BF16, bytes) => Ok(floats(bytes, |b| bf16::from_le_bytes(b).to_f32())),
            Data::Safetensors(other, _) => Err(integers(&format!("{other:?}"))),
            Data::Pytorch(tensor) => pytorch_values(tensor),
        }
    }
}

fn pytorch_values(tensor: &Tensor) -> Result<Vec<f32>, String> {
    let bytes = || tensor.read().map_err(|error| error.to_string());
    match tensor.dtype() {
        DType::F64 => Ok(floats(&bytes()?, |b| f64::from_le_bytes(b) as f32)),
        DType::F32 => Ok(floats(&bytes()?, f32::from_le_bytes)),
        DType::F16 => Ok(floats(&bytes()?, |b| f16::from_le_bytes(b).to_f32())),
        DType::BF16 => Ok(floats(&bytes()?, |b| bf16::from_le_bytes(b).to_f32())),
        other => Err(integers(&format!("{other:?}"))),
    }
}

fn integers(kind: &str) -> String {
    format!("its values are of type {kind}, not floating point")
}

fn floats<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| value(*bytes)).collect()
}

/// Calls `then` with all tensors of a file.
pub(super) fn with_tensors<T>(
    path: &Path,
    then: impl FnOnce(BTreeMap<String, Found<'_>>) -> Result<T, WeightsError>,
) -> Result<T, WeightsError> {
    let problem = |problem: String| WeightsError::File { path: path.into(), problem };
    if is_safetensors(path).map_err(|error| problem(error.to_string()))? {
        let bytes = fs::read(path).map_err(|error| problem(error.to_string()))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| problem(format!("it is a damaged safetensors file: {error}")))?;
        return then(tensors.tensors().into_iter().map(from_safetensors).collect());
    }
    let damaged = |error: pytorch_reader::PytorchError| problem(error.to_string());
    if let Some(call) = hostile(&PytorchReader::read_pickle_data(path, None).map_err(damaged)?) {
        return Err(WeightsError::Hostile { path: path.into(), call });
    }
    let tensors = PytorchReader::new(path).map_err(damaged)?.into_tensors();
    then(tensors.into_iter().map(from_pytorch).collect())
}

fn from_safetensors<'a>((name, view): (String, safetensors::tensor::TensorView<'a>)) -> (String, Found<'a>) {
    let data = Data::Safetensors(view.dtype(), view.data());
    (name, Found { shape: view.shape().to_vec(), data })
}

fn from_pytorch((name, tensor): (String, Tensor)) -> (String, Found<'static>) {
    (name, Found { shape: tensor.shape().to_vec(), data: Data::Pytorch(tensor) })
}

/// Whether a file begins as safetensors files do: eight bytes of length and a JSON object.
fn is_safetensors(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::new();
    fs::File::open(path)?.take(9).read_to_end(&mut head)?;
    Ok(head.get(8) == Some(&b'{') && head[6..8] == [0; 2])
}

/// The first thing in a pickle that runs programs or code.
fn hostile(value: &PickleValue) -> Option<String> {
    match value {
        PickleValue::Unsupported(name) => runs_code(name).then(|| name.clone()),
        PickleValue::List(values) => values.iter().find_map(hostile),
        PickleValue::Dict(values) => values.values().find_map(hostile),
        _ => None,
    }
}

fn runs_code(name: &str) -> bool {
    let (module, rest) = name.split_once('.').unwrap_or((name, ""));
    match module {
        "builtins" | "__builtin__" => HOSTILE_BUILTINS.contains(&rest),
        _ => HOSTILE.contains(&module),
    }
}
