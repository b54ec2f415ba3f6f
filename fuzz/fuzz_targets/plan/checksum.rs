//! The frame of a plan file around whatever a fuzzer makes of its body.

use brelu_core::plan::FORMAT_VERSION;

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Writes magic, version, length and checksum.
pub fn put_right(file: &mut [u8]) {
    if let Some((prefix, body)) = file.split_at_mut_checked(20) {
        prefix[..8].copy_from_slice(b"BRELUPLN");
        prefix[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        prefix[10..12].fill(0);
        prefix[12..16].copy_from_slice(&(body.len() as u32).to_le_bytes());
        prefix[16..].copy_from_slice(&crc32(body).to_le_bytes());
    }
}
