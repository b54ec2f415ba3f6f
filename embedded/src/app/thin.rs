//! The application of a device with a delegate.

use core::cell::Cell;

use brelu_core::channel::{Identity, epoch_of};
use embassy_net::tcp::TcpSocket;
use embassy_time::Duration;
use embedded_storage_async::nor_flash::NorFlash;

use super::{Board, Machine, Spent, Work, hang_up, part};
use crate::entropy::Entropy;
use crate::error::{DeviceError, Peer};
use crate::meter::Metered;
use crate::settings::{Role, Settings};
use crate::tcp::SocketBuffers;
use crate::thin::{ThinMemory, ThinParty};

/// Memory: socket buffers of `SOCKET` bytes each way on each of two connections, records of `RECORD` bytes, `OUTPUT`
/// elements of output.
pub struct ThinApp<const SOCKET: usize, const RECORD: usize, const OUTPUT: usize> {
    sockets: [SocketBuffers<SOCKET>; 2],
    session: ThinMemory<RECORD>,
    output: [i32; OUTPUT],
}

impl<const SOCKET: usize, const RECORD: usize, const OUTPUT: usize> core::fmt::Debug
    for ThinApp<SOCKET, RECORD, OUTPUT>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ThinApp({:?}, {:?}, {OUTPUT} outputs)", self.sockets, self.session)
    }
}

impl<const SOCKET: usize, const RECORD: usize, const OUTPUT: usize> ThinApp<SOCKET, RECORD, OUTPUT> {
    /// Empty memory.
    pub const NEW: Self =
        Self { sockets: [const { SocketBuffers::NEW }; 2], session: ThinMemory::NEW, output: [0; OUTPUT] };
}

/// Classifies all pictures with a delegate.
///
/// # Errors
/// What cannot be mended from here, or too many failures in a row.
pub async fn thin<
    B: Board,
    E: Entropy,
    F: NorFlash,
    const SOCKET: usize,
    const RECORD: usize,
    const OUTPUT: usize,
>(
    mut machine: Machine<'_, B, E, F>,
    settings: &Settings<'_>,
    memory: &mut ThinApp<SOCKET, RECORD, OUTPUT>,
) -> Result<(), DeviceError> {
    let Role::Thin { delegate, delegate_at, ends, card } = &settings.role else {
        return Err(DeviceError::Role);
    };
    let identity = Identity::new(settings.identity.0);
    let party = ThinParty { ends: *ends, identity: &identity, server: settings.server, delegate: *delegate };
    let output = part(&mut memory.output, ends.output as usize)?;
    let passed = Cell::default();
    let mut work = Work::new(settings, (card, ends.answer), ends.input as usize, &passed);
    let [one, other] = &mut memory.sockets;
    let answer = Duration::from_secs(settings.patience.into());
    while work.next < work.len() {
        let (stack, patience) = (machine.stack, machine.manner.connect);
        let calls = async {
            let to_delegate = one.dial(stack, Peer::Delegate, *delegate_at, patience).await?;
            Ok((to_delegate, other.dial(stack, Peer::Server, settings.server_at, patience).await?))
        };
        let result = match calls.await {
            Ok((mut to_delegate, mut to_server)) => {
                let sockets = [&mut to_delegate, &mut to_server];
                let result =
                    run(&party, &mut machine, (sockets, answer), &mut memory.session, &mut work, output)
                        .await;
                hang_up(&mut to_delegate, result.is_ok()).await;
                hang_up(&mut to_server, result.is_ok()).await;
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
async fn run<B: Board, E: Entropy, F: NorFlash, const RECORD: usize>(
    party: &ThinParty<'_>,
    machine: &mut Machine<'_, B, E, F>,
    (sockets, patience): ([&mut TcpSocket<'_>; 2], Duration),
    memory: &mut ThinMemory<RECORD>,
    work: &mut Work<'_>,
    output: &mut [i32],
) -> Result<(), DeviceError> {
    let (passed, start) = (work.passed, work.mark(machine.board));
    let [to_delegate, to_server] = sockets.map(|socket| Metered::new(socket, patience, passed));
    let mut session = party.start(to_delegate, to_server, machine.entropy, memory).await?;
    let board = &mut *machine.board;
    board.print(format_args!("session: {}", Spent(start, work.mark(board))));
    let mut epoch = 0;
    while let Some(picture) = work.picture() {
        board.alive();
        let start = work.mark(board);
        let grant = session.ask(machine.records, output).await?;
        let (number, between) = (grant.number(), work.mark(board));
        if epoch != epoch_of(number) {
            epoch = epoch_of(number);
            board.print(format_args!("epoch {epoch}"));
        }
        board.print(format_args!("inference {number} runs"));
        session.infer(grant, &picture, output, &mut |_, _| board.alive()).await?;
        let marks = [start, between, work.mark(board)];
        work.done(board, number, output, marks);
    }
    session.close().await
}
