//! How parties talk: whole frames of a kind and a bounded payload, over anything that keeps their order.

mod framed;
mod message;
mod meter;

pub use framed::{FRAME_HEADER, Framed, FramedError, decode_header, encode_header};
pub(crate) use message::reason;
pub use message::{MessageError, MessageReader, MessageWriter, Reason};
pub use meter::{Counts, Metered};

/// Payload bytes of the largest frame any party sends; sealed, it is within the 65,535 bytes of a Noise message.
pub const MAX_PAYLOAD: usize = (1 << 16) - 64;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// First words of a connection: versions, plan, keys.
    Hello = 1,
    /// Client: prepare inference (u64); its offline messages follow.
    Prepare,
    /// Server: inference (u64) is prepared; the dealer sent so many bytes of messages for it (u64).
    Ready,
    /// Client: run inference (u64); its input follows. Device to server: also who is its delegate (a public key). Device to
    /// delegate: give me one.
    Infer,
    /// A piece of a message.
    Data,
    /// The sender gives up; the payload says why, in words.
    Failed,
    /// The sender is done.
    Bye,
    /// Server to dealer: the model's shares follow, or the dealer needs them.
    Model,
    /// Server to dealer: deal inference (u64).
    Deal,
    /// Client: inferences it has prepared in earlier sessions (u64 each); server: those of them that it has too.
    Claim,
    /// The sender has no time now; the payload says why, in words. Another connection later may go better.
    Later,
    /// Client: run inference (u64) on the input of a device (its public key), which gets the output.
    OnBehalf,
    /// Server to dealer: an inference of this client begins, under the next generation (u64) of the server's store; which
    /// inference is not said. Dealer to server: that generation is recorded, and there was none as late.
    Use,
    /// Dealer to server: it remembers this generation (u64), which is as late as the one the server began, or later: the
    /// server's store is an old copy.
    Older,
}

impl FrameKind {
    /// The kind a byte stands for.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Hello,
            2 => Self::Prepare,
            3 => Self::Ready,
            4 => Self::Infer,
            5 => Self::Data,
            6 => Self::Failed,
            7 => Self::Bye,
            8 => Self::Model,
            9 => Self::Deal,
            10 => Self::Claim,
            11 => Self::Later,
            12 => Self::OnBehalf,
            13 => Self::Use,
            14 => Self::Older,
            _ => return None,
        })
    }
}

/// One end of a connection.
///
/// Frames arrive whole, once and in order, or not at all. Implementations decide about time-outs: a peer that says
/// nothing ends in an error, not in waiting for ever.
#[allow(async_fn_in_trait, reason = "parties run on one task; nothing here needs to move between threads")]
pub trait Transport {
    /// Why sending or receiving failed.
    type Error: core::error::Error;

    /// Sends one frame of at most [`MAX_PAYLOAD`] bytes.
    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Self::Error>;

    /// Waits for a frame, puts its payload into `buffer`, and returns its kind and length.
    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), Self::Error>;

    /// Makes sure that everything sent is on its way.
    async fn flush(&mut self) -> Result<(), Self::Error>;
}

impl<T: Transport> Transport for &mut T {
    type Error = T::Error;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Self::Error> {
        (**self).send(kind, payload).await
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), Self::Error> {
        (**self).receive(buffer).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        (**self).flush().await
    }
}
