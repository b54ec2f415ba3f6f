//! Limits of shapes, and their text.

use super::MAX_TENSOR_LEN;
use brelu_core::geometry::Shape;

/// Refuses empty and absurdly large shapes.
pub(crate) fn check(shape: Shape) -> Result<(), String> {
    let plane = u64::from(shape.height) * u64::from(shape.width);
    match plane.checked_mul(u64::from(shape.channels)) {
        Some(1..=MAX_TENSOR_LEN) => Ok(()),
        _ => Err(format!("a tensor of {} is empty or too large", text(shape))),
    }
}

/// `channels x height x width` for messages.
pub(crate) fn text(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}
