//! A device that only masks its input and opens its result; a delegate that it trusts walks the network for it.
//!
//! The device makes `a = x - x_cd` with the key of `x_cd` that the delegate gives it, sends `a` to the server, and adds the
//! two components of the output, one from the delegate and one from the server. Neither of them learns input or output
//! alone; the two together would. Steps and messages are drawn in [`crate::client`], in `hand_over`.

use core::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::channel::{Caller, Delegation, DeviceHello, Number, PublicKey};
use crate::client::{ClientError, Input, Progress};
use crate::masks::input_mask;
use crate::plan::{Answer, Plan};
use crate::prf::PairKey;
use crate::protocol::reveal;
use crate::share::{Share, Wiped};
use crate::transport::{FrameKind, MessageError, MessageReader, MessageWriter, Transport, reason};

/// What a device knows of a network that it does not walk itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// SHA-256 of the plan.
    pub plan: [u8; 32],
    /// Elements of the input.
    pub input: u32,
    /// Its ring, in bits.
    pub input_bits: u8,
    /// Elements of the output.
    pub output: u32,
    /// Its ring, in bits.
    pub output_bits: u8,
    /// What it says.
    pub answer: Answer,
}

impl Ends {
    /// The ends of a plan whose hash is `hash`.
    pub fn of(plan: &Plan<'_>, hash: [u8; 32]) -> Self {
        let (input, output) = (plan.input(), plan.output());
        Self {
            plan: hash,
            input: input.shape.len() as u32,
            input_bits: input.bits,
            output: output.shape.len() as u32,
            output_bits: output.bits,
            answer: plan.header().answer,
        }
    }
}

/// Which of the two peers failed a device, and how.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThinError<E: fmt::Debug> {
    /// The delegate.
    #[error("the delegate: {0}")]
    Delegate(ClientError<E>),
    /// The server.
    #[error("the server: {0}")]
    Server(ClientError<E>),
}

/// An inference that is the device's, once.
pub struct Grant {
    number: u64,
    key: PairKey,
}

impl Grant {
    const LEN: usize = Number::LEN + PairKey::LEN;

    /// An inference and the key of its input mask.
    pub(crate) const fn new(number: u64, key: PairKey) -> Self {
        Self { number, key }
    }

    /// Number, then key, as a delegate sends them.
    pub(crate) fn encode(&self) -> Zeroizing<[u8; Self::LEN]> {
        let mut words = Zeroizing::new([0; Self::LEN]);
        words[..Number::LEN].copy_from_slice(&Number(self.number).encode());
        words[Number::LEN..].copy_from_slice(self.key.expose());
        words
    }

    /// The grant that was encoded; `None` if the length is another one.
    fn decode(words: &[u8]) -> Option<Self> {
        let (number, key) = words.split_at_checked(Number::LEN)?;
        Some(Self { number: Number::decode(number)?.0, key: PairKey::new(key.try_into().ok()?) })
    }

    /// The number of the inference.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant(inference {}, redacted)", self.number)
    }
}

/// Words that are worked on at a time.
const PIECE: usize = 64;

/// A device with a session at its delegate and one at the server.
pub struct Thin<'a, T> {
    ends: Ends,
    delegate: PublicKey,
    to_delegate: T,
    to_server: T,
    frame: &'a mut [u8],
    last: u64,
}

impl<T> fmt::Debug for Thin<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thin(redacted)")
    }
}

impl<T> Drop for Thin<'_, T> {
    fn drop(&mut self) {
        self.frame.zeroize();
    }
}

impl<'a, T: Transport> Thin<'a, T> {
    /// Greets the delegate, known by `delegate`, and the server over transports that are secure already. `frame` holds the
    /// largest frame either of them sends, at least 64 bytes.
    ///
    /// # Errors
    /// Of the transports.
    pub async fn start(
        ends: Ends,
        delegate: PublicKey,
        to_delegate: T,
        to_server: T,
        frame: &'a mut [u8],
    ) -> Result<Self, ThinError<T::Error>> {
        let mut thin = Self { ends, delegate, to_delegate, to_server, frame, last: 0 };
        let hello = DeviceHello { plan: ends.plan, max_payload: thin.frame.len() as u32 };
        let hello = Caller::Device(hello);
        greet(&mut thin.to_delegate, &hello, thin.frame).await.map_err(ThinError::Delegate)?;
        greet(&mut thin.to_server, &hello, thin.frame).await.map_err(ThinError::Server)?;
        Ok(thin)
    }

    /// Asks the delegate for an inference. Its component of the output goes to `output`, where [`Self::infer`] needs it.
    ///
    /// # Errors
    /// If `output` has not the network's size, of the transport, what the delegate refuses, or a number that does not grow
    /// ([`ClientError::Number`]).
    pub async fn ask(&mut self, output: &mut [i32]) -> Result<Grant, ThinError<T::Error>> {
        let grant = self.granted(output).await.map_err(ThinError::Delegate);
        self.frame.zeroize();
        grant
    }

    async fn granted(&mut self, output: &mut [i32]) -> Result<Grant, ClientError<T::Error>> {
        check_size(self.ends.output, output.len())?;
        let asked = self.to_delegate.send(FrameKind::Infer, &[]).await;
        let asked = asked.and(self.to_delegate.flush().await);
        // A delegate that went away since the last inference may have said why.
        let (kind, len) =
            self.to_delegate.receive(self.frame).await.map_err(|error| asked.err().unwrap_or(error))?;
        let payload = &self.frame[..len];
        let grant = match kind {
            FrameKind::Ready => Grant::decode(payload).ok_or(MessageError::Unexpected(kind))?,
            FrameKind::Failed | FrameKind::Later => {
                return Err(MessageError::Refused(reason(payload)).into());
            }
            other => return Err(MessageError::Unexpected(other).into()),
        };
        if grant.number <= self.last {
            return Err(ClientError::Number);
        }
        self.last = grant.number;
        let bits = self.ends.output_bits;
        receive(&mut self.to_delegate, self.frame, bits, output, |cd, out| {
            out.iter_mut().zip(cd).for_each(|(out, cd)| *out = *cd as i32);
        })
        .await?;
        Ok(grant)
    }

    /// Runs the inference of `grant` on `input`. `output` holds what [`Self::ask`] put there, and then the result:
    /// scores in units of the network's output scale, or labels. `progress` counts elements of the input. The inference is used up in any case.
    ///
    /// # Errors
    /// If sizes differ from the network's, of the transport, or what the server refuses.
    pub async fn infer(
        &mut self,
        grant: Grant,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), ThinError<T::Error>> {
        let done = self.exchange(grant, input, output, progress).await.map_err(ThinError::Server);
        self.frame.zeroize();
        done
    }

    async fn exchange(
        &mut self,
        grant: Grant,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        check_size(self.ends.input, input.elements())?;
        check_size(self.ends.output, output.len())?;
        let delegation = Delegation { number: grant.number, with: self.delegate };
        self.to_server.send(FrameKind::Infer, &delegation.encode()).await?;
        self.send_input(&grant, input, progress).await?;
        let Ends { output_bits: bits, answer, .. } = self.ends;
        receive(&mut self.to_server, self.frame, bits, output, |server, out| {
            let mut cd = [0; PIECE];
            cd.iter_mut().zip(out.iter()).for_each(|(cd, out)| *cd = *out as u32);
            // The output is the device's: it is what the inference is for.
            reveal::open(&Share::new(server), &Share::new(&mut cd[..]), bits, out);
            answer.settle(out);
        })
        .await
    }

    async fn send_input(
        &mut self,
        grant: &Grant,
        input: &(impl Input + ?Sized),
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let (bits, mut masks) = (self.ends.input_bits, input_mask(&grant.key, grant.number));
        let (mut x, mut x_cd) = (Wiped::new([0; PIECE]), Wiped::new([0; PIECE]));
        let mut writer = MessageWriter::new(self.frame);
        for first in (0..input.elements()).step_by(PIECE) {
            let len = PIECE.min(input.elements() - first);
            let (x, x_cd) = (&mut x[..len], &mut x_cd[..len]);
            input.read(first, x);
            masks.fill(bits, first as u64, x_cd);
            reveal::mask_input(x, x_cd, bits);
            writer.push(&mut self.to_server, bits, x).await?;
            progress(first + len, input.elements());
        }
        Ok(writer.finish(&mut self.to_server).await?)
    }

    /// Says good-bye to both.
    ///
    /// # Errors
    /// Those of the transports.
    pub async fn close(&mut self) -> Result<(), T::Error> {
        for transport in [&mut self.to_delegate, &mut self.to_server] {
            transport.send(FrameKind::Bye, &[]).await?;
            transport.flush().await?;
        }
        Ok(())
    }
}

async fn greet<T: Transport>(
    transport: &mut T,
    hello: &Caller<'_>,
    frame: &mut [u8],
) -> Result<(), ClientError<T::Error>> {
    let words = postcard::to_slice(hello, frame).map_err(|_| ClientError::Hello)?;
    transport.send(FrameKind::Hello, words).await?;
    Ok(transport.flush().await?)
}

/// Receives a message of as many `bits`-bit fields as `output` has elements; `each` takes them, some at a time.
async fn receive<T: Transport>(
    transport: &mut T,
    frame: &mut [u8],
    bits: u8,
    output: &mut [i32],
    mut each: impl FnMut(&mut [u32], &mut [i32]),
) -> Result<(), ClientError<T::Error>> {
    let mut reader = MessageReader::new(frame, u64::from(bits) * output.len() as u64);
    let mut words = Wiped::new([0; PIECE]);
    for out in output.chunks_mut(PIECE) {
        let words = &mut words[..out.len()];
        reader.pull(transport, bits, words).await?;
        each(words, out);
    }
    Ok(reader.finish()?)
}

fn check_size<E: fmt::Debug>(want: u32, got: usize) -> Result<(), ClientError<E>> {
    let want = want as usize;
    if want == got { Ok(()) } else { Err(ClientError::Size { want, got }) }
}
