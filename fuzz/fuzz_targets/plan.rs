//! Plans: whatever parses can be costed and its masks regenerated anywhere. Length and checksum are put right first, or
//! nothing would get past them.
#![no_main]

use brelu_core::client::Memory;
use brelu_core::cost;
use brelu_core::masks::Masks;
use brelu_core::plan::Plan;
use brelu_core::prf::PairKey;
use libfuzzer_sys::fuzz_target;

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    if let Some((prefix, body)) = file.split_at_mut_checked(20) {
        prefix[..12].copy_from_slice(b"BRELUPLN\x02\0\0\0");
        prefix[12..16].copy_from_slice(&(body.len() as u32).to_le_bytes());
        prefix[16..].copy_from_slice(&crc32(body).to_le_bytes());
    }
    let Ok(plan) = Plan::parse(&file) else { return };
    let total = cost::total(&plan);
    assert!(total.bits.total() <= 8 * total.bytes.total());
    assert!(Memory::least(&plan) <= Memory::best(&plan));
    let key = PairKey::new([1; 32]);
    let masks = Masks::new(&plan, &key, 1);
    let piece = plan.demands().widest as usize;
    let words = Masks::scratch_words(&plan, piece);
    if words + piece > 1 << 20 {
        return;
    }
    let mut scratch = vec![0; words];
    for (id, node) in plan.nodes().take(64) {
        let mut out = vec![0; piece.min(node.shape.len()).min(64)];
        for first in [0, (node.shape.len() - out.len()) / 2, node.shape.len() - out.len()] {
            masks.read(id, first, &mut out, &mut scratch);
        }
    }
});
