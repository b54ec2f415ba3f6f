//! Numbers, text and bytes.

use super::Value;
use super::reader::Reader;

/// The value of an opcode: `None` if it is another, `Some(None)` if its bytes are none.
pub(super) fn read(code: u8, reader: &mut Reader<'_>) -> Option<Option<Value>> {
    Some(match code {
        b'N' => Some(Value::None),
        0x88 => Some(Value::Bool(true)),
        0x89 => Some(Value::Bool(false)),
        b'I' => reader.line().and_then(int_line),
        b'L' => reader.line().and_then(|line| line.trim_end_matches('L').parse().ok()).map(Value::Int),
        b'J' => reader.array().map(|bytes| Value::Int(i32::from_le_bytes(bytes).into())),
        b'K' => reader.byte().map(|byte| Value::Int(byte.into())),
        b'M' => reader.array().map(|bytes| Value::Int(u16::from_le_bytes(bytes).into())),
        0x8a => reader.counted(1).and_then(long),
        b'F' => reader.line().and_then(|line| line.parse().ok()).map(Value::Float),
        b'G' => reader.array().map(|bytes| Value::Float(f64::from_be_bytes(bytes))),
        b'V' => reader.escaped_line().map(|text| Value::Text(text.into())),
        b'X' => reader.counted(4).and_then(text),
        0x8c => reader.counted(1).and_then(text),
        0x8d => reader.counted(8).and_then(text),
        // Python 2's str: text here, bytes where it is none.
        b'U' => reader.counted(1).map(text_or_bytes),
        b'T' => reader.counted(4).map(text_or_bytes),
        b'C' => reader.counted(1).map(|bytes| Value::Bytes(bytes.into())),
        b'B' => reader.counted(4).map(|bytes| Value::Bytes(bytes.into())),
        0x8e | 0x96 => reader.counted(8).map(|bytes| Value::Bytes(bytes.into())),
        _ => return None,
    })
}

fn int_line(line: &str) -> Option<Value> {
    match line {
        "01" => Some(Value::Bool(true)),
        "00" => Some(Value::Bool(false)),
        _ => line.parse().ok().map(Value::Int),
    }
}

/// A number of up to 8 bytes, the highest bit its sign.
fn long(bytes: &[u8]) -> Option<Value> {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(Value::Int(i64::from_le_bytes(wide)))
}

fn text(bytes: &[u8]) -> Option<Value> {
    Some(Value::Text(std::str::from_utf8(bytes).ok()?.into()))
}

fn text_or_bytes(bytes: &[u8]) -> Value {
    text(bytes).unwrap_or_else(|| Value::Bytes(bytes.into()))
}
