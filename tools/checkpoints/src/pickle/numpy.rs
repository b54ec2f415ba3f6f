//! Arrays of whole numbers, as numpy pickles them.

use std::borrow::Cow;

use super::{Id, Pickle, Value};

/// An array of whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its values, the last axis first.
    pub values: Vec<i64>,
}

/// Most dimensions of an array, as in numpy; and most items of any tuple that arrays are written with.
const MAX_DIMENSIONS: usize = 64;

/// The array that `value` would become. A file may name one array many times: `room` is how many elements all of its arrays
/// may still have, and each takes its own from it.
///
/// # Errors
/// A sentence if it is something else; no other call is made either.
pub fn array(pickle: &Pickle, value: &Value, room: &mut usize) -> Result<Array, String> {
    let Value::Call { function, arguments, state } = value else {
        return Err("it is no numpy array".into());
    };
    let ([module, name], arguments) = call(pickle, *function, *arguments)?;
    match (module, name, &arguments[..], state.map(|id| pickle.get(id))) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct", _, Some(state)) => {
            let state = few(pickle, state).ok_or("its array has no state")?;
            match state[..] {
                [_, shape, kind, Value::Bool(columns), data] => {
                    build(pickle, shape, kind, *columns, data, room)
                }
                _ => Err("the state of its array is not numpy's".into()),
            }
        }
        (
            "numpy.core.numeric" | "numpy._core.numeric",
            "_frombuffer",
            [data, kind, shape, Value::Text(order)],
            None,
        ) => build(pickle, shape, kind, &**order == "F", data, room),
        _ => Err(format!("it would call {module}.{name}, which is not run: only numpy arrays are read")),
    }
}

/// The items of a list or tuple, unless these are more than any that an array is written with.
fn few<'p>(pickle: &'p Pickle, value: &'p Value) -> Option<Vec<&'p Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) if items.len() > MAX_DIMENSIONS => None,
        value => pickle.items(value),
    }
}

fn call(pickle: &Pickle, function: Id, arguments: Id) -> Result<([&str; 2], Vec<&Value>), String> {
    let name = pickle.global(function).ok_or("it calls something that is no function")?;
    let arguments = few(pickle, pickle.get(arguments)).ok_or("it calls something without arguments")?;
    Ok((name, arguments))
}

fn build(
    pickle: &Pickle,
    shape: &Value,
    kind: &Value,
    columns: bool,
    data: &Value,
    room: &mut usize,
) -> Result<Array, String> {
    let sizes = few(pickle, shape).ok_or("its array has no shape, or more dimensions than numpy's")?;
    let sizes = sizes.into_iter().map(|size| match size {
        Value::Int(size) => usize::try_from(*size).ok(),
        _ => None,
    });
    let shape: Vec<usize> =
        sizes.collect::<Option<_>>().ok_or("the shape of its array is not of whole numbers")?;
    let [size, signed, big] = kind_of(pickle, kind)?;
    let len = shape.iter().try_fold(1usize, |len, size| len.checked_mul(*size));
    let left = len.and_then(|len| room.checked_sub(len.max(1)));
    *room = left.ok_or("its arrays have more elements in all than a file of its size holds")?;
    let bytes = bytes(pickle, data)?;
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
    let order = state.and_then(|id| few(pickle, pickle.get(id))).and_then(|state| state.get(1).copied());
    let big = match order {
        None => false,
        Some(Value::Text(order)) => &**order == ">",
        Some(_) => return Err("the byte order of its array is not numpy's".into()),
    };
    let text = match (name, arguments.first()) {
        (["numpy", "dtype"], Some(Value::Text(text))) => &**text,
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
fn bytes<'p>(pickle: &'p Pickle, data: &'p Value) -> Result<Cow<'p, [u8]>, String> {
    let latin =
        |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>();
    let found = match data {
        Value::Bytes(bytes) => Some(Cow::Borrowed(bytes.as_slice())),
        Value::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
        Value::Call { function, arguments, state: None } => match call(pickle, *function, *arguments)? {
            (["_codecs", "encode"], arguments) => match arguments[..] {
                [Value::Text(text), Value::Text(coding)] if &**coding == "latin1" => {
                    latin(text).map(Cow::Owned)
                }
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
