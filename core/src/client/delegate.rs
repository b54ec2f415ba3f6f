//! The client as a delegate: it walks the plan for a device that keeps input and output to itself.
//!
//! ```text
//! device                      delegate                     server
//!        Infer ────────────────>
//!        <──────── number, key of x_cd, cd component of the output
//!                                       OnBehalf(number, device) ────>
//!        Infer(number, delegate), a = x - x_cd ──────────────────────>
//!                                       <──── activation layers ─────>
//!        <──────────────────── server's component of the output
//!                                       <───────────────────── Ready
//! ```
//!
//! The delegate sees what any client sees of the layers between, all of it masked, but neither `a` nor the server's
//! component of the output; [`crate::thin`] is the device's side.

use super::{Client, ClientError, LinearKernel, Progress};
use crate::channel::{Delegation, PublicKey};
use crate::masks::Masks;
use crate::prf::PairKey;
use crate::thin::Grant;
use crate::transport::{FrameKind, MessageError, MessageWriter, Transport};

impl<T: Transport, L: LinearKernel> Client<'_, T, L> {
    /// Gives `device` its part of inference `inference`, which was prepared under the dealer key `key` and is used up by
    /// this: the key of the input mask, and the client-dealer component of the output, in frames of at most `room` bytes.
    ///
    /// # Errors
    /// Those of the transport to the device.
    pub async fn hand_over<D: Transport>(
        &mut self,
        key: &PairKey,
        inference: u64,
        device: &mut D,
        room: usize,
    ) -> Result<(), MessageError<D::Error>> {
        let done = self.grant(key, inference, device, room).await;
        self.work.wipe();
        done
    }

    async fn grant<D: Transport>(
        &mut self,
        key: &PairKey,
        inference: u64,
        device: &mut D,
        room: usize,
    ) -> Result<(), MessageError<D::Error>> {
        let masks = Masks::new(self.plan, key, inference);
        device.send(FrameKind::Ready, &*Grant::new(inference, masks.input_key()).encode()).await?;
        let room = room.clamp(16, self.work.outgoing.len());
        let (id, output) = (self.plan.output_id(), self.plan.output());
        let mut writer = MessageWriter::new(&mut self.work.outgoing[..room]);
        let (scratch, words) = self.work.words.split_at_mut(self.memory.scratch);
        let piece = self.memory.piece;
        for first in (0..output.shape.len()).step_by(piece) {
            let cd = &mut words[..piece.min(output.shape.len() - first)];
            masks.read(id, first, cd, scratch);
            writer.push(device, output.bits, cd).await?;
        }
        writer.finish(device).await
    }

    /// Runs inference `inference` on the input that the device known by `device` brings to the server, and that gets the
    /// output: see [`Self::hand_over`], which comes first.
    ///
    /// # Errors
    /// Of the transport, or what the server refuses.
    pub async fn infer_on_behalf(
        &mut self,
        key: &PairKey,
        inference: u64,
        device: &PublicKey,
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let done = self.walk_on_behalf(key, inference, device, progress).await;
        self.work.wipe();
        done
    }

    async fn walk_on_behalf(
        &mut self,
        key: &PairKey,
        inference: u64,
        device: &PublicKey,
        progress: Progress<'_>,
    ) -> Result<(), ClientError<T::Error>> {
        let delegation = Delegation { number: inference, with: *device };
        self.transport.send(FrameKind::OnBehalf, &delegation.encode()).await?;
        self.transport.flush().await?;
        self.layers(key, inference, progress).await?;
        self.ready(inference).await
    }
}
