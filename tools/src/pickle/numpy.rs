//! Arrays of whole numbers, as numpy pickles them.

use super::{Id, Pickle, Value};

/// An array of whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its values, the last axis first.
    pub values: Vec<i64>,
}

/// The array that `value` would become.
///
/// # Errors
/// A sentence if it is something else; no other call is made either.
pub fn array(pickle: &Pickle, value: &Value) -> Result<Array, String> {
    let Value::Call { function, arguments, state } = value else {
        return Err("it is no numpy array".into());
    };
    let (name, arguments) = call(pickle, *function, *arguments)?;
    match (name.as_str(), &arguments[..], state.map(|id| pickle.get(id))) {
        ("numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct", _, Some(state)) => {
            let state = pickle.items(state).ok_or("its array has no state")?;
            match state[..] {
                [_, shape, kind, Value::Bool(columns), data] => build(pickle, shape, kind, *columns, data),
                _ => Err("the state of its array is not numpy's".into()),
            }
        }
        (
            "numpy.core.numeric._frombuffer" | "numpy._core.numeric._frombuffer",
            [data, kind, shape, Value::Text(order)],
            None,
        ) => build(pickle, shape, kind, order == "F", data),
        (name, ..) => Err(format!("it would call {name}, which is not run: only numpy arrays are read")),
    }
}

fn call(pickle: &Pickle, function: Id, arguments: Id) -> Result<(String, Vec<&Value>), String> {
    let name = pickle.name(function).ok_or("it calls something that is no function")?;
    let arguments = pickle.items(pickle.get(arguments)).ok_or("it calls something without arguments")?;
    Ok((name, arguments))
}

fn build(pickle: &Pickle, shape: &Value, kind: &Value, columns: bool, data: &Value) -> Result<Array, String> {
    let sizes = pickle.items(shape).unwrap_or_default().into_iter().map(|size| match size {
        Value::Int(size) => usize::try_from(*size).ok(),
        _ => None,
    });
    let shape: Vec<usize> =
        sizes.collect::<Option<_>>().ok_or("the shape of its array is not of whole numbers")?;
    let [size, signed, big] = kind_of(pickle, kind)?;
    let bytes = bytes(pickle, data)?;
    let len = shape.iter().try_fold(1usize, |len, size| len.checked_mul(*size));
    if len.and_then(|len| len.checked_mul(size.into())) != Some(bytes.len()) {
        return Err(format!("its array of {shape:?} has {} bytes: the file is damaged", bytes.len()));
    }
    let values: Vec<i64> =
        bytes.chunks_exact(size.into()).map(|bytes| integer(bytes, signed == 1, big == 1)).collect();
    Ok(Array { values: if columns { by_rows(&shape, &values) } else { values }, shape })
}

/// Size in bytes, whether there is a sign, and whether the highest byte is first.
fn kind_of(pickle: &Pickle, kind: &Value) -> Result<[u8; 3], String> {
    let Value::Call { function, arguments, state } = kind else { return Err("its array has no type".into()) };
    let (name, arguments) = call(pickle, *function, *arguments)?;
    let order = state.and_then(|id| pickle.items(pickle.get(id))).and_then(|state| state.get(1).copied());
    let big = match order {
        None => false,
        Some(Value::Text(order)) => order == ">",
        Some(_) => return Err("the byte order of its array is not numpy's".into()),
    };
    let text = match (name.as_str(), arguments.first()) {
        ("numpy.dtype", Some(Value::Text(text))) => text.as_str(),
        _ => return Err("the type of its array is not numpy's".into()),
    };
    let [size, signed] = match text {
        "i1" => [1, 1],
        "i2" => [2, 1],
        "i4" => [4, 1],
        "i8" => [8, 1],
        "u1" => [1, 0],
        "u2" => [2, 0],
        "u4" => [4, 0],
        other => return Err(format!("its array is of type {other}, not of whole numbers")),
    };
    Ok([size, signed, big.into()])
}

/// Bytes as they are, or as protocols before 3 have them: Latin-1 text with a call that encodes it.
fn bytes(pickle: &Pickle, data: &Value) -> Result<Vec<u8>, String> {
    let latin =
        |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>();
    let found = match data {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        Value::Call { function, arguments, state: None } => match call(pickle, *function, *arguments)? {
            (name, arguments) if name == "_codecs.encode" => match arguments[..] {
                [Value::Text(text), Value::Text(coding)] if coding == "latin1" => latin(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| "its array has no bytes".into())
}

fn integer(bytes: &[u8], signed: bool, big: bool) -> i64 {
    let mut ordered = bytes.to_vec();
    if big {
        ordered.reverse();
    }
    let negative = signed && ordered.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..ordered.len()].copy_from_slice(&ordered);
    i64::from_le_bytes(wide)
}

/// Values whose first axis is first, the other way round.
fn by_rows(shape: &[usize], values: &[i64]) -> Vec<i64> {
    let position = |index: usize| {
        let (mut rest, mut position) = (index, 0);
        let mut step: usize = values.len();
        for size in shape.iter().rev() {
            step /= size;
            position += (rest % size) * step;
            rest /= size;
        }
        position
    };
    (0..values.len()).map(|index| values[position(index)]).collect()
}
