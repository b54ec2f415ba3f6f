//! Packed fields: any bytes read in any pieces give the same fields, and fields written come back.
#![no_main]

use brelu_core::bits::{BitReader, BitWriter, Unpacker, bytes};
use brelu_core::transport::decode_header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[width, piece, a, b], data)) = data.split_first_chunk::<4>() else { return };
    let _ = decode_header([a, b, width, piece], usize::from(a) << 8 | usize::from(b));
    let (width, piece) = (width % 32 + 1, usize::from(piece).max(1));
    let count = data.len() * 8 / usize::from(width);
    let mut whole = vec![0; count];
    BitReader::at(data, 0).pull(width, &mut whole);
    let (mut unpacker, mut pieces, mut done) = (Unpacker::default(), vec![0; count], 0);
    for mut bytes in data.chunks(piece) {
        while !bytes.is_empty() && done < count {
            let (used, more) = unpacker.pull(width, bytes, &mut pieces[done..]);
            bytes = &bytes[used..];
            done += more;
        }
    }
    assert_eq!(whole, pieces);
    let mut packed = vec![0; bytes(u64::from(width) * count as u64) as usize];
    let mut writer = BitWriter::new(&mut packed);
    writer.push(width, &whole);
    writer.finish();
    let full = usize::from(width) * count / 8;
    assert_eq!(packed[..full], data[..full]);
});
