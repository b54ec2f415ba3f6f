//! What encryption costs: frames through a connection in memory, sealed and in the clear.

use std::time::{Duration, Instant};

use brelu_core::channel::{Identity, Pair, PublicKey};
use brelu_core::prf::PairKey;
use brelu_core::transport::{FrameKind, MAX_PAYLOAD};
use brelu_host::error::SessionError;
use brelu_host::keys::random_key;
use brelu_host::pipe::{NetError, Pipe};
use brelu_host::secure::{Call, Connection};
use brelu_world::{Cut, Wire};
use tokio::io::split;

use super::session::runtime;
use brelu_networks::numbers::median;

/// Times of one way to connect.
#[derive(Clone, Copy, Debug)]
pub struct ChannelRow {
    /// Whether frames are sealed.
    pub sealed: bool,
    /// To make the connection: both ends of the handshake.
    pub connect: Duration,
    /// A frame of 64 bytes there and back.
    pub round_trip: Duration,
    /// Bytes a second in one direction, in the largest frames.
    pub rate: f64,
}

/// Measures a connection with and without sealing, `runs` times each, in turns.
///
/// # Errors
/// If a connection fails; in memory it does not.
pub fn channel(quick: bool, runs: usize) -> Result<[ChannelRow; 2], SessionError> {
    let (bytes, trips) = if quick { (1 << 20, 20) } else { (1 << 28, 2000) };
    let runtime = runtime()?;
    let mut samples: [Vec<ChannelRow>; 2] = Default::default();
    for _ in 0..runs.max(1) {
        for (sealed, samples) in [false, true].into_iter().zip(&mut samples) {
            samples.push(runtime.block_on(measure(sealed, bytes, trips))?);
        }
    }
    Ok(samples.map(|rows| middle(&rows)))
}

fn middle(rows: &[ChannelRow]) -> ChannelRow {
    let of = |get: fn(&ChannelRow) -> Duration| median(&mut rows.iter().map(get).collect::<Vec<_>>());
    let seconds = of(|row| Duration::from_secs_f64(1e6 / row.rate));
    ChannelRow {
        sealed: rows.first().is_some_and(|row| row.sealed),
        connect: of(|row| row.connect),
        round_trip: of(|row| row.round_trip),
        rate: 1e6 / seconds.as_secs_f64(),
    }
}

async fn measure(sealed: bool, bytes: usize, trips: u32) -> Result<ChannelRow, SessionError> {
    let start = Instant::now();
    let (near, far) = pair(sealed).await?;
    let connect = start.elapsed();
    let echo = tokio::spawn(echo(far.pipe));
    let mut pipe = near.pipe;
    let start = Instant::now();
    for _ in 0..trips {
        pipe.send_frame(FrameKind::Ready, vec![7; 64]).await?;
        pipe.receive_kind(FrameKind::Ready, "an echo").await?;
    }
    let round_trip = start.elapsed() / trips;
    let start = Instant::now();
    let frames = bytes.div_ceil(MAX_PAYLOAD);
    for _ in 0..frames {
        pipe.send_frame(FrameKind::Data, vec![7; MAX_PAYLOAD]).await?;
    }
    pipe.send_frame(FrameKind::Ready, Vec::new()).await?;
    pipe.receive_kind(FrameKind::Ready, "an echo").await?;
    let rate = (frames * MAX_PAYLOAD) as f64 / start.elapsed().as_secs_f64();
    pipe.send_frame(FrameKind::Bye, Vec::new()).await?;
    echo.await??;
    Ok(ChannelRow { sealed, connect, round_trip, rate })
}

/// Sends back what is not data, until the good-bye.
async fn echo(mut pipe: Pipe) -> Result<(), NetError> {
    loop {
        match pipe.receive_frame().await? {
            (FrameKind::Bye, _) => return Ok(()),
            (FrameKind::Ready, payload) => pipe.send_frame(FrameKind::Ready, payload.to_vec()).await?,
            _ => {}
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

async fn pair(sealed: bool) -> Result<(Connection, Connection), SessionError> {
    let wire = Wire { cut: Cut::Frames, taps: None, patience: PATIENCE };
    let (near, far) = wire.pair(brelu_world::Route::ClientServer);
    if !sealed {
        let end = |peer, end| wire.clear(peer, end, PublicKey::new([0; 32]), [0; PairKey::LEN]);
        return Ok((end("server", near), end("client", far)));
    }
    let server = Identity::new(*random_key()?.expose());
    let client = Identity::new(*random_key()?.expose());
    let call = |peer| Call { pair: Pair::ClientServer, peer, timeout: PATIENCE };
    let (near_read, near_write) = split(near);
    let (far_read, far_write) = split(far);
    let accept = call("client").accept(far_read, far_write, &server, |_| Ok(()));
    let connect = async {
        let call = call("server");
        let mut connection = call.connect(near_read, near_write, &client, server.public()).await?;
        connection.pipe.send_frame(FrameKind::Hello, Vec::new()).await?;
        Ok(connection)
    };
    tokio::try_join!(connect, accept)
}
