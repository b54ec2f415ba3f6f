//! A delegate as a service: it walks the network for devices, each with a session of its own at the server, and learns
//! neither what they send nor what they get.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{Caller, Pair, PublicKey};
use brelu_core::plan::Plan;
use brelu_core::transport::FrameKind;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::cancellation::Cancellation;
use crate::client::{ClientMemory, ClientParty, Delegator, HostClient};
use crate::error::SessionError;
use crate::hello::decode;
use crate::keys::Access;
use crate::limits::PlanLimits;
use crate::pipe::{Payload, Pipe};
use crate::secure::{Call, Connection};
use crate::weights::plan_hash;

/// Who a delegate is, and for whom it works.
#[derive(Debug)]
pub struct DelegateParty {
    /// The client that it is towards server and dealer.
    pub client: Arc<ClientParty>,
    /// The devices that may connect.
    pub devices: Access,
}

/// Limits of a delegate.
#[derive(Clone, Copy, Debug)]
pub struct DelegateOptions {
    /// How long a peer may be silent in the middle of a message.
    pub timeout: Duration,
    /// How long a device may do nothing.
    pub idle: Duration,
    /// How many inferences are prepared ahead for every device.
    pub ahead: usize,
    /// What its plan may take, for one device.
    pub limits: PlanLimits,
}

impl Default for DelegateOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(600),
            ahead: 1,
            limits: PlanLimits::default(),
        }
    }
}

/// A delegate for one network.
#[derive(Debug)]
pub struct Delegate {
    plan: &'static Plan<'static>,
    party: DelegateParty,
    options: DelegateOptions,
    cancellation: Cancellation,
}

impl Delegate {
    /// A delegate that walks `plan`.
    pub fn new(plan: &'static Plan<'static>, party: DelegateParty, options: DelegateOptions) -> Self {
        Self { plan, party, options, cancellation: Cancellation::default() }
    }

    /// Ends every session as soon as it has finished what it is doing.
    pub fn stop(&self) {
        self.cancellation.stop();
    }

    /// Answers a device that calls over an open connection, if it may connect.
    ///
    /// # Errors
    /// If the connection fails or the device may not connect; it has been told.
    pub async fn accept(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Connection, SessionError> {
        let admit = |key: &PublicKey| self.party.devices.admit("device", key).map(drop);
        let call = Call { pair: Pair::DeviceDelegate, peer: "device", timeout: self.options.timeout };
        call.accept(reader, writer, &self.party.client.identity, admit).await
    }

    /// Calls the server over an open connection.
    ///
    /// # Errors
    /// If the connection fails, the server refuses, or is somebody else.
    pub async fn call_server(
        &self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Connection, SessionError> {
        self.party.client.call_server(reader, writer, self.options.timeout).await
    }

    /// Serves one device until it is done. `connect` reaches the server, see [`Self::call_server`].
    ///
    /// # Errors
    /// Whatever ended the session early; the device has been told.
    pub async fn serve(
        &self,
        mut device: Connection,
        connect: impl AsyncFnOnce() -> Result<Connection, SessionError>,
    ) -> Result<(), SessionError> {
        let result = self.session(&mut device, connect).await;
        match &result {
            Err(error) if error.is_passing() => device.pipe.postpone(&error.for_peer("device")).await,
            Err(error) => device.pipe.fail(&error.for_peer("device")).await,
            Ok(()) => {}
        }
        result
    }

    async fn session(
        &self,
        device: &mut Connection,
        connect: impl AsyncFnOnce() -> Result<Connection, SessionError>,
    ) -> Result<(), SessionError> {
        let words = device.hello().await?;
        let Caller::Device(hello) = decode("device", &words)? else {
            return Err(SessionError::Hello("device"));
        };
        if hello.plan != plan_hash(self.plan) {
            return Err(SessionError::OtherPlan);
        }
        let room = hello.max_payload as usize;
        let mut delegator = Delegator { key: *device.keys.peer(), pipe: &mut device.pipe, room };
        self.options.limits.client(self.plan)?;
        let mut memory = ClientMemory::for_plan(self.plan);
        let mut work = Some(memory.workspace());
        let server = connect().await?;
        let mut client =
            HostClient::start_afresh(self.plan, server, self.party.client.clone(), &mut work).await?;
        self.work_for(&mut delegator, &mut client).await?;
        // The device has what it wanted; whether the server hears the good-bye does not matter.
        drop(client.close().await);
        Ok(())
    }

    async fn work_for(
        &self,
        device: &mut Delegator<'_>,
        client: &mut HostClient<'_>,
    ) -> Result<(), SessionError> {
        let (mut token, mut early) = (self.cancellation.token(), None);
        loop {
            self.party.devices.readmit("device", &device.key).await?;
            while client.prepared() < self.options.ahead {
                if client.prepare(&mut |_, _| {}).await?.is_none() {
                    break;
                }
            }
            let idle = self.options.idle;
            let next = match early.take() {
                Some(frame) => Some(frame),
                None => {
                    let next = async |pipe: &mut Pipe| Ok(pipe.receive_within(idle).await?);
                    token.unless_cancelled(device.pipe, next).await?
                }
            };
            match next {
                None | Some((FrameKind::Bye, _)) => return Ok(()),
                Some((FrameKind::Infer, _)) => early = self.infer(device, client).await?,
                Some((got, _)) => return Err(SessionError::Frame { peer: "device", got }),
            }
        }
    }

    /// One inference, unless the device goes away meanwhile. It may have its result, and ask for the next one, before the
    /// delegate hears that this one is done: that frame is returned.
    async fn infer(
        &self,
        device: &mut Delegator<'_>,
        client: &mut HostClient<'_>,
    ) -> Result<Option<(FrameKind, Payload)>, SessionError> {
        self.party.devices.readmit("device", &device.key).await?;
        let granted = client.grant_to(device).await?;
        let (mut walk, mut early) = (pin!(client.walk_for(granted)), None);
        loop {
            tokio::select! {
                done = &mut walk => return done.map(|()| early),
                frame = device.pipe.receive_within(self.options.idle), if early.is_none() => early = Some(frame?),
            }
        }
    }
}
