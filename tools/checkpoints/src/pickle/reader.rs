//! Bytes behind opcodes.

/// The rest of a pickle. Everything is `None` at its end.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Bytes behind their number, itself of `size` bytes.
    pub(super) fn counted(&mut self, size: usize) -> Option<&'a [u8]> {
        let len = self.number(size)?;
        self.take(usize::try_from(len).ok()?)
    }

    /// A number of up to 8 bytes without sign.
    pub(super) fn number(&mut self, size: usize) -> Option<u64> {
        let mut bytes = [0; 8];
        bytes.get_mut(..size)?.copy_from_slice(self.take(size)?);
        Some(u64::from_le_bytes(bytes))
    }

    /// ASCII or UTF-8 up to the end of the line.
    pub(super) fn line(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.line_bytes()?).ok()
    }

    /// Text up to the end of the line as Python's `raw_unicode_escape` has it: Latin-1, other characters as `\\uXXXX` or
    /// `\\UXXXXXXXX`.
    pub(super) fn escaped_line(&mut self) -> Option<String> {
        let mut rest = self.line_bytes()?;
        let mut text = String::new();
        while let Some((first, after)) = rest.split_first() {
            let digits = match rest {
                [b'\\', b'u', ..] => 4,
                [b'\\', b'U', ..] => 8,
                _ => 0,
            };
            if digits == 0 {
                text.push(char::from(*first));
                rest = after;
            } else {
                let code = std::str::from_utf8(rest.get(2..2 + digits)?).ok()?;
                text.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                rest = &rest[2 + digits..];
            }
        }
        Some(text)
    }

    fn line_bytes(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let len = rest.iter().position(|byte| *byte == b'\n')?;
        self.at += len + 1;
        Some(&rest[..len])
    }
}
