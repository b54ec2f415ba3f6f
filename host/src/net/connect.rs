use std::io::{Error, ErrorKind};
use std::time::{Duration, Instant};

use super::stream::{Stream, open};
use crate::error::SessionError;
use tokio::time::{sleep, timeout};

/// How long a party waits for others.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a party that does not listen yet.
    pub connect: Duration,
    /// For a connected party that says nothing.
    pub answer: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Connects to `peer`, trying again until `patience` is used up; `waiting` is called once if it is not there at first.
///
/// # Errors
/// [`SessionError::Unreachable`] with the last reason.
pub async fn connect(
    peer: &'static str,
    address: &str,
    patience: Duration,
    waiting: impl FnOnce(),
) -> Result<Stream, SessionError> {
    let (end, mut pause, mut waiting) = (Instant::now() + patience, FIRST_PAUSE, Some(waiting));
    loop {
        let error = match attempt(address, end).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let hopeless = error.kind() == ErrorKind::InvalidInput;
        if hopeless || Instant::now() + pause > end {
            let error = error.to_string();
            return Err(SessionError::Unreachable { peer, address: address.into(), error });
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn attempt(address: &str, end: Instant) -> Result<Stream, Error> {
    let left = end.saturating_duration_since(Instant::now()).max(LONGEST_PAUSE);
    let late = |_| Error::new(ErrorKind::TimedOut, "the connection attempt timed out");
    timeout(left, open(address)).await.map_err(late)?
}
