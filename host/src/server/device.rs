//! One device's session at the server: it brings masked inputs for inferences that its delegate runs.

use brelu_core::channel::{Delegation, DeviceHello, PublicKey};
use brelu_core::cost;
use brelu_core::transport::FrameKind;

use super::live::Place;
use super::service::Server;
use crate::error::SessionError;
use crate::pipe::Pipe;
use crate::words::stranger;

/// A device after its greeting.
pub(super) struct DeviceSession<'s> {
    server: &'s Server,
    device: PublicKey,
    pipe: &'s mut Pipe,
    place: Place,
}

impl<'s> DeviceSession<'s> {
    pub(super) fn greet(
        server: &'s Server,
        device: PublicKey,
        pipe: &'s mut Pipe,
        hello: &DeviceHello,
    ) -> Result<Self, SessionError> {
        let place = server.live.enter(&device, server.options.sessions)?;
        if hello.plan != server.model.hash {
            return Err(SessionError::OtherPlan);
        }
        pipe.limit_payload(hello.max_payload as usize);
        pipe.allow(cost::step(server.model.plan(), 0).client_online);
        Ok(Self { server, device, pipe, place })
    }

    pub(super) async fn run(&mut self) -> Result<(), SessionError> {
        let (mut token, idle, leave) =
            (self.server.cancellation.token(), self.server.options.idle, self.place.leave());
        loop {
            match super::session::next(&self.place, self.pipe, &mut token, idle, &leave).await? {
                None | Some((FrameKind::Bye, _)) => return Ok(()),
                Some((got @ FrameKind::Infer, payload)) => {
                    self.infer(Delegation::decode(&payload).ok_or(stranger("device", got))?).await?;
                }
                Some((got, _)) => return Err(stranger("device", got)),
            }
        }
    }

    async fn infer(&mut self, delegation: Delegation) -> Result<(), SessionError> {
        self.server.party.clients.readmit("device", &self.device).await?;
        let input = self.pipe.receive_message(cost::step(self.server.model.plan(), 0).client_online).await?;
        let name = (delegation.with, self.device, delegation.number);
        // As long as the slowest delegate that still keeps to the time-outs of its own session.
        let output = self.server.delegations.bring(name, input, self.server.options.idle).await?;
        Ok(self.pipe.send_data(&output).await?)
    }
}
