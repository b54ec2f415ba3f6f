use super::{Operation, call};

const CAPACITY: usize = 256;

/// The words of the command line, as in `-semihosting-config enable=on,arg=device,arg=host=10.0.2.2:7000`.
pub struct Arguments {
    line: [u8; CAPACITY],
    length: usize,
}

impl Arguments {
    /// Asks the host; without an answer, or when the line is longer than 255 bytes, there are none.
    pub fn from_host() -> Self {
        let mut line = [0; CAPACITY];
        let block = [line.as_mut_ptr().expose_provenance(), CAPACITY];
        // SAFETY: the block has the address and the size of `line`.
        let answer = unsafe { call(Operation::CommandLine, block) };
        let end = line.iter().position(|&byte| byte == 0);
        let length = end.filter(|_| answer == 0).unwrap_or(0);
        Self { line, length }
    }

    /// What follows `name=` in the first word that begins so.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.words().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    /// The words between spaces.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        str::from_utf8(&self.line[..self.length]).unwrap_or_default().split_ascii_whitespace()
    }
}
