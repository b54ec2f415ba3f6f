//! A device's partition: whatever parses can be written, and is the same when it is read again. Length and checksum are put
//! right first, or nothing would get past them.
#![no_main]

use brelu_embedded::settings::{PREFIX, Role, Settings};
use libfuzzer_sys::fuzz_target;

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn written(settings: &Settings<'_>, room: usize) -> Vec<u8> {
    let mut bytes = vec![0; room];
    let len = settings.write(&mut bytes).expect("no more bytes than they were read from");
    bytes.truncate(len);
    bytes
}

fuzz_target!(|data: &[u8]| {
    let _ = Settings::parse(data);
    let mut file = data.to_vec();
    if let Some((prefix, body)) = file.split_at_mut_checked(PREFIX) {
        prefix[..12].copy_from_slice(b"BRELUDEV\x02\0\0\0");
        prefix[12..16].copy_from_slice(&(body.len() as u32).to_le_bytes());
        prefix[16..].copy_from_slice(&crc32(body).to_le_bytes());
    }
    let Ok(settings) = Settings::parse(&file) else { return };
    assert!(format!("{settings:?}").contains("redacted"));
    if let Role::Thin { card, .. } = &settings.role {
        assert!((0..16).all(|output| card.label(output).is_none_or(|label| card.labels.contains(label))));
    }
    let once = written(&settings, file.len());
    let again = Settings::parse(&once).expect("what was written");
    // Numbers that are none differ from themselves: bytes are compared.
    assert_eq!(written(&again, once.len()), once);
});
