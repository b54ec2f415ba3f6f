//! The application of a device that is the client.

use core::cell::Cell;

use brelu_core::channel::Identity;
use embassy_net::tcp::TcpSocket;
use embassy_time::Duration;
use embedded_storage_async::nor_flash::NorFlash;

use super::{Board, Machine, Spent, Work, hang_up, part};
use crate::entropy::Entropy;
use crate::error::{DeviceError, Peer};
use crate::meter::Metered;
use crate::party::{Party, PartyMemory, PartySession};
use crate::settings::{Card, Role, Settings};
use crate::tcp::SocketBuffers;

/// Memory: socket buffers of `SOCKET` bytes each way, records of `RECORD` bytes, `WORDS` words to work in, `OUTPUT`
/// elements of output.
pub struct PartyApp<const SOCKET: usize, const RECORD: usize, const WORDS: usize, const OUTPUT: usize> {
    socket: SocketBuffers<SOCKET>,
    session: PartyMemory<WORDS, RECORD>,
    output: [i32; OUTPUT],
}

impl<const SOCKET: usize, const RECORD: usize, const WORDS: usize, const OUTPUT: usize> core::fmt::Debug
    for PartyApp<SOCKET, RECORD, WORDS, OUTPUT>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PartyApp({:?}, {:?}, {OUTPUT} outputs)", self.socket, self.session)
    }
}

impl<const SOCKET: usize, const RECORD: usize, const WORDS: usize, const OUTPUT: usize>
    PartyApp<SOCKET, RECORD, WORDS, OUTPUT>
{
    /// Empty memory.
    pub const NEW: Self = Self { socket: SocketBuffers::NEW, session: PartyMemory::NEW, output: [0; OUTPUT] };
}

/// Classifies all pictures as the client.
///
/// # Errors
/// What cannot be mended from here, or too many failures in a row.
pub async fn party<
    B: Board,
    E: Entropy,
    F: NorFlash,
    const SOCKET: usize,
    const RECORD: usize,
    const WORDS: usize,
    const OUTPUT: usize,
>(
    mut machine: Machine<'_, B, E, F>,
    settings: &Settings<'_>,
    memory: &mut PartyApp<SOCKET, RECORD, WORDS, OUTPUT>,
) -> Result<(), DeviceError> {
    let Role::Party { dealer, plan } = &settings.role else { return Err(DeviceError::Role) };
    let identity = Identity::new(settings.identity.0);
    let party = Party::new(plan, &identity, settings.server, *dealer)?;
    let (card, shape) = (Card::of(party.plan()), party.plan().input().shape);
    let output = part(&mut memory.output, party.plan().output().shape.len())?;
    let passed = Cell::default();
    let mut work = Work::new(settings, (&card, party.plan().header().answer), shape.len(), &passed);
    let answer = Duration::from_secs(settings.patience.into());
    while work.next < work.len() {
        let patience = machine.manner.connect;
        let dial = memory.socket.dial(machine.stack, Peer::Server, settings.server_at, patience);
        let result = match dial.await {
            Ok(mut socket) => {
                let run =
                    run(&party, &mut machine, (&mut socket, answer), &mut memory.session, &mut work, output);
                let result = run.await;
                hang_up(&mut socket, result.is_ok()).await;
                result
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            work.failed(machine.board, &machine.manner, error).await?;
        }
    }
    Ok(())
}

/// One session, for as long as it goes well.
async fn run<B: Board, E: Entropy, F: NorFlash, const WORDS: usize, const RECORD: usize>(
    party: &Party<'_>,
    machine: &mut Machine<'_, B, E, F>,
    (socket, patience): (&mut TcpSocket<'_>, Duration),
    memory: &mut PartyMemory<WORDS, RECORD>,
    work: &mut Work<'_>,
    output: &mut [i32],
) -> Result<(), DeviceError> {
    let start = work.mark(machine.board);
    let stream = Metered::new(socket, patience, work.passed);
    let mut session: PartySession<'_, _> =
        party.start(stream, machine.entropy, machine.records, memory).await?;
    let board = &mut *machine.board;
    board.print(format_args!("epoch {}", session.epoch()));
    board.print(format_args!("session: {}", Spent(start, work.mark(board))));
    while let Some(picture) = work.picture() {
        let start = work.mark(board);
        let number = session.prepare(&mut |_, _| board.alive()).await?;
        let between = work.mark(board);
        board.print(format_args!("inference {number} runs"));
        session.infer(number, &picture, output, &mut |_, _| board.alive()).await?;
        let marks = [start, between, work.mark(board)];
        work.done(board, number, output, marks);
    }
    session.close().await
}
