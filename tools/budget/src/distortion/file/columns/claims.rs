//! What pages claim to be when they are decompressed. The `parquet` crate takes that much memory before it looks further,
//! up to 2 GiB a page.
//!
//! A page begins with a header in Thrift's compact protocol: its kind, its size, its size as it is in the file, and more.

/// Snappy's longest copy makes 64 bytes of 3.
const RATIO: u64 = 22;

/// Whether the pages of a column, and nothing else, are in `bytes`, and none claims to be larger than Snappy can make it.
pub(super) fn are_possible(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some([claimed, size]) = sizes(&mut bytes) else { return false };
        let rest = usize::try_from(size).ok().and_then(|size| bytes.get(size..));
        match rest {
            Some(rest) if claimed <= size.saturating_mul(RATIO) + RATIO => bytes = rest,
            _ => return false,
        }
    }
    true
}

/// Takes a header off: the size that the page has, and that in the file.
fn sizes(bytes: &mut &[u8]) -> Option<[u64; 2]> {
    const I32: u8 = 0x15;
    let mut sizes = [0; 3];
    for size in &mut sizes {
        let (kind, value) = (byte(bytes)?, varint(bytes)?);
        // Zigzag: what is odd is negative.
        *size = (kind == I32 && value.is_multiple_of(2)).then_some(value / 2)?;
    }
    fields(bytes, 4)?;
    Some([sizes[1], sizes[2]])
}

/// Takes fields off up to the end of their structure; `depth` is how many structures may be within.
fn fields(bytes: &mut &[u8], depth: u32) -> Option<()> {
    loop {
        let field = byte(bytes)?;
        if field == 0 {
            return Some(());
        }
        if field >> 4 == 0 {
            varint(bytes)?;
        }
        match field & 15 {
            1 | 2 => {}
            3 => drop(take(bytes, 1)?),
            4..=6 => drop(varint(bytes)?),
            7 => drop(take(bytes, 8)?),
            8 => {
                let len = varint(bytes)?;
                take(bytes, len)?;
            }
            12 if depth > 0 => fields(bytes, depth - 1)?,
            _ => return None,
        }
    }
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    take(bytes, 1)?.first().copied()
}

fn take<'b>(bytes: &mut &'b [u8], len: u64) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of five bytes that claims `claimed` (zigzag): header, then the bytes.
    fn page(claimed: &[u8]) -> Vec<u8> {
        let sizes = [&[0x15, 0, 0x15], claimed, &[0x15, 10]].concat();
        let header = [0x2c, 0x15, 2, 0x15, 0, 0x1c, 0x18, 2, b'a', b'b', 0, 0, 0];
        [&sizes[..], &header, &[7; 5]].concat()
    }

    #[test]
    fn claims_are_held_against_the_bytes_that_are_there() {
        assert!(are_possible(&[]));
        // 132 = 22 * 5 + 22 bytes, and one more.
        let (most, more) = (page(&[0x88, 2]), page(&[0x8a, 2]));
        assert!(are_possible(&most) && are_possible(&most.repeat(3)));
        assert!(!are_possible(&more) && !are_possible(&[&most[..], &more].concat()));
        assert!(!are_possible(&page(&[0xfe, 0xff, 0xff, 0xff, 0x0f])), "2 GiB");
        assert!((1..most.len()).all(|len| !are_possible(&most[..len])));
    }
}
