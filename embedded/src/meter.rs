//! A byte stream that does not wait for ever, and counts.

use core::cell::Cell;

use embassy_time::{Duration, with_timeout};
use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

/// Bytes that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// To the peer.
    pub up: u64,
    /// From the peer.
    pub down: u64,
}

impl core::ops::Add for Passed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { up: self.up + other.up, down: self.down + other.down }
    }
}

/// A stream on which silence ends in an error, with meters that belong to somebody else.
#[derive(Debug)]
pub struct Metered<'m, S> {
    stream: S,
    patience: Duration,
    passed: &'m Cell<Passed>,
}

impl<'m, S> Metered<'m, S> {
    /// Lets the peer be silent for `patience`, and counts in `passed`.
    pub const fn new(stream: S, patience: Duration, passed: &'m Cell<Passed>) -> Self {
        Self { stream, patience, passed }
    }

    async fn within<T, E: Error>(
        patience: Duration,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ErrorKind> {
        match with_timeout(patience, work).await {
            Ok(done) => done.map_err(|error| error.kind()),
            Err(_) => Err(ErrorKind::TimedOut),
        }
    }
}

impl<S> ErrorType for Metered<'_, S> {
    type Error = ErrorKind;
}

impl<S: Read> Read for Metered<'_, S> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let got = Self::within(self.patience, self.stream.read(buffer)).await?;
        self.passed.update(|passed| passed + Passed { up: 0, down: got as u64 });
        Ok(got)
    }
}

impl<S: Write> Write for Metered<'_, S> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let put = Self::within(self.patience, self.stream.write(bytes)).await?;
        self.passed.update(|passed| passed + Passed { up: put as u64, down: 0 });
        Ok(put)
    }

    /// What was written is with the network stack, which sends it by itself.
    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
