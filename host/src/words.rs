//! The words of frames ([`brelu_core::channel`] encodes them), and what is said of a peer whose words have no place.

use brelu_core::channel::Number;
use brelu_core::transport::FrameKind;

use crate::error::SessionError;

/// The complaint about a frame that has no place here.
pub(crate) const fn stranger(peer: &'static str, got: FrameKind) -> SessionError {
    SessionError::Frame { peer, got }
}

/// The number that a frame says.
pub(crate) fn number(peer: &'static str, got: FrameKind, words: &[u8]) -> Result<u64, SessionError> {
    Ok(Number::decode(words).ok_or(stranger(peer, got))?.0)
}

/// The numbers that a frame lists.
pub(crate) fn numbers(peer: &'static str, got: FrameKind, words: &[u8]) -> Result<Vec<u64>, SessionError> {
    Ok(Number::decode_all(words).ok_or(stranger(peer, got))?.collect())
}

/// A list of numbers.
pub(crate) fn encode_all<'n>(numbers: impl IntoIterator<Item = &'n u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| Number(*number).encode()).collect()
}
