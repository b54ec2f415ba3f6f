//! The order of linear messages: row by row, within a row channel by channel.

use brelu_core::bits::BitReader;
use brelu_core::geometry::Shape;

use crate::packed::Packed;

/// Packs a tensor of `width`-bit elements in message order.
pub(crate) fn pack_rows(shape: Shape, width: u8, tensor: &[u32]) -> Vec<u8> {
    let (plane, columns) = (shape.plane(), shape.width as usize);
    let bits = u64::from(width) * tensor.len() as u64;
    Packed::build(bits, |writer| {
        for row in 0..shape.height as usize {
            for channel in tensor.chunks_exact(plane) {
                writer.push(width, &channel[row * columns..][..columns]);
            }
        }
    })
    .into_bytes()
}

/// Reads row `row` of channel `channel` from a message.
pub(crate) fn read_row(shape: Shape, width: u8, message: &[u8], channel: usize, row: usize, out: &mut [u32]) {
    let first = (row * shape.channels as usize + channel) * shape.width as usize;
    BitReader::at(message, first as u64 * u64::from(width)).pull(width, out);
}
