//! A device that calls a server and meets something else.
//!
//! Somebody stands where the server should be. For every foe the device's connections are broken and the foe answers the
//! next one; the device has to report an error, and to classify the next picture when the server is back, without having
//! been started again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use brelu_core::channel::{
    ANSWER_LEN, Ephemeral, FIRST_OVERHEAD, Identity, Pair, RECORD_OVERHEAD, Responder, Sealer,
};
use brelu_core::transport::FrameKind;
use brelu_host::keys::random_key;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::super::TrialError;
use super::album::Album;
use super::console::Line;
use super::machine::Device;
use super::stage::{Setting, Stage};

/// Who answers instead of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Foe {
    /// It closes every connection at once.
    Closes,
    /// It says nothing.
    Silent,
    /// It sends random bytes without end.
    Garbage,
    /// It is the server as far as the handshake goes, then says nothing.
    SilentServer,
    /// It is the server, and announces a record of 16 MB.
    Oversized,
    /// It is the server, and sends a sealed frame larger than the device said it takes.
    LargeFrame,
    /// It is the server, and sends a record that was not sealed.
    Unsealed,
    /// It is the server, and sends a greeting that is none.
    BadGreeting,
    /// It is the server, and refuses with 300 control characters.
    Babble,
}

/// All of them.
pub const FOES: [Foe; 9] = [
    Foe::Closes,
    Foe::Silent,
    Foe::Garbage,
    Foe::SilentServer,
    Foe::Oversized,
    Foe::LargeFrame,
    Foe::Unsealed,
    Foe::BadGreeting,
    Foe::Babble,
];

/// What came of one foe.
#[derive(Clone, Debug, Serialize)]
pub struct Met {
    /// Who it was.
    pub foe: Foe,
    /// The device's words for it; none if it said nothing in time.
    pub told: Option<String>,
    /// Whether the next result was right.
    pub recovered: bool,
}

/// What came of all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Foe by foe.
    pub met: Vec<Met>,
    /// How often the device was started.
    pub boots: usize,
}

impl Report {
    /// Whether the device told and outlived every foe.
    pub fn is_good(&self) -> bool {
        self.boots == 1
            && self.met.len() == FOES.len()
            && self.met.iter().all(|met| met.told.is_some() && met.recovered)
    }
}

/// How long the device may take to tell an error or to come back.
const BOUND: Duration = Duration::from_secs(60);

/// Runs it.
///
/// # Errors
/// If the parties or the device cannot be started.
pub fn run(album: &Album, setting: &Setting, progress: &dyn Fn(usize, usize)) -> Result<Report, TrialError> {
    let runtime = brelu_host::net::runtime()?;
    let front = Arc::new(Front { now: watch::Sender::new(None), server: Mutex::default() });
    let stage = Stage::start(album, setting, |deployment| {
        let listener = runtime.block_on(TcpListener::bind((setting.listen, 0)))?;
        let port = listener.local_addr()?.port();
        let target = deployment.server.address().to_owned();
        runtime.spawn(front.clone().accept(listener, target));
        Ok(Some(port))
    })?;
    *front.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(*stage.server.expose());
    let mut trial = Trial { album, device: stage.boot()?, report: Report::default() };
    trial.served();
    for (index, foe) in FOES.into_iter().enumerate() {
        front.now.send_replace(Some(foe));
        let told = trial.told();
        front.now.send_replace(None);
        let recovered = trial.served();
        trial.report.met.push(Met { foe, told, recovered });
        progress(index + 1, FOES.len());
    }
    runtime.shutdown_background();
    Ok(trial.report)
}

struct Trial<'a> {
    album: &'a Album,
    device: Device,
    report: Report,
}

impl Trial<'_> {
    /// Waits for the device to tell an error.
    fn told(&mut self) -> Option<String> {
        let end = Instant::now() + BOUND;
        loop {
            let line = self.device.line(end)?;
            self.count(&line);
            // What it says of the connection that was broken for this is no answer yet.
            match line {
                Line::Failed(text) if !text.contains("attempt 1:") => return Some(text),
                _ => {}
            }
        }
    }

    /// Waits for a result; whether it is right.
    fn served(&mut self) -> bool {
        let end = Instant::now() + BOUND;
        while let Some(line) = self.device.line(end) {
            self.count(&line);
            if let Line::Picture(result) = line {
                return self.album.labels.get(result.picture) == Some(&result.output);
            }
        }
        false
    }

    fn count(&mut self, line: &Line) {
        self.report.boots += usize::from(matches!(line, Line::Boot(_)));
    }
}

/// What stands before the server.
struct Front {
    now: watch::Sender<Option<Foe>>,
    server: Mutex<Option<[u8; 32]>>,
}

impl Front {
    async fn accept(self: Arc<Self>, listener: TcpListener, target: String) {
        while let Ok((stream, _)) = listener.accept().await {
            let (front, target) = (self.clone(), target.clone());
            tokio::spawn(async move {
                let (foe, mut change) = (*front.now.borrow(), front.now.subscribe());
                tokio::select! {
                    // However it ends, the device is the one who has something to say.
                    ended = front.answer(stream, foe, &target) => drop(ended),
                    _ = change.changed() => {}
                }
            });
        }
    }

    async fn answer(&self, mut near: TcpStream, foe: Option<Foe>, target: &str) -> std::io::Result<()> {
        near.set_nodelay(true)?;
        match foe {
            None => {
                let mut far = TcpStream::connect(target).await?;
                far.set_nodelay(true)?;
                copy_bidirectional(&mut near, &mut far).await?;
            }
            Some(Foe::Closes) => {}
            Some(Foe::Silent) => std::future::pending().await,
            Some(Foe::Garbage) => loop {
                let noise = random_key().map_err(std::io::Error::other)?;
                near.write_all(&noise.expose().repeat(32)).await?;
            },
            Some(foe) => {
                let server = *self.server.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(mut sealer) =
                    pretend(&mut near, &Identity::new(server.unwrap_or_default())).await?
                {
                    near.write_all(&words(foe, &mut sealer)).await?;
                    std::future::pending::<()>().await;
                }
            }
        }
        Ok(())
    }
}

/// Answers a handshake as the server.
async fn pretend(near: &mut TcpStream, server: &Identity) -> std::io::Result<Option<Sealer>> {
    let mut first = [0; FIRST_OVERHEAD];
    near.read_exact(&mut first).await?;
    let ephemeral = Ephemeral::new(*random_key().map_err(std::io::Error::other)?.expose());
    let read = Responder::read(server, Pair::ClientServer, &[], ephemeral, &first, &mut []);
    let Some((answer, agreed)) = read.ok().and_then(|responder| responder.answer().ok()) else {
        return Ok(None);
    };
    let answer: [u8; ANSWER_LEN] = answer;
    near.write_all(&answer).await?;
    Ok(Some(agreed.into_parts().1))
}

/// What a foe says after the handshake.
fn words(foe: Foe, sealer: &mut Sealer) -> Vec<u8> {
    match foe {
        Foe::Oversized => vec![0xff; 64],
        Foe::Unsealed => [&[40, 0, 0][..], &[7; 40]].concat(),
        Foe::LargeFrame => sealed(sealer, FrameKind::Hello, &[7; 4000]),
        Foe::BadGreeting => sealed(sealer, FrameKind::Hello, &[0xff; 30]),
        Foe::Babble => sealed(sealer, FrameKind::Failed, &[27; 300]),
        _ => Vec::new(),
    }
}

fn sealed(sealer: &mut Sealer, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![0; payload.len() + RECORD_OVERHEAD];
    record[4..4 + payload.len()].copy_from_slice(payload);
    // These payloads are within what a record takes.
    let _ = sealer.seal(kind, &mut record);
    record
}
