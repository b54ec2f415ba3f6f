//! Tries everything that a board has, and exits with 0 if it works.
//!
//! Words of the command line: `flash=PATH` writes a flash, `host=ADDRESS:PORT` sends to an echo server, `panic=MESSAGE`,
//! `fault=bus` and `fault=stack` end as they say.
#![no_std]
#![no_main]

use core::fmt;
use core::net::SocketAddrV4;
use core::str::FromStr;

use brelu_boards::flash::{FlashError, FlashFile, PAGE, WORD};
use brelu_boards::semihosting::{Arguments, exit};
use brelu_boards::{board, ethernet, executor, network, println, provision, stack, time};
use cortex_m_rt::entry;
use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_net::Stack;
use embassy_net::tcp::{ConnectError, Error, TcpReader, TcpSocket, TcpWriter};
use embassy_time::Duration;
use embedded_io_async::{Read, ReadExactError, Write};
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};
use static_cell::ConstStaticCell;

const ECHO_BYTES: usize = 100 * 1024;
const SOCKET_BUFFER: usize = 4096;
const CHUNK: usize = 512;
const SEED: u64 = 1;

#[entry]
fn main() -> ! {
    board::init();
    executor::run(start)
}

fn start(spawner: Spawner) {
    let arguments = Arguments::from_host();
    match network::start(spawner, network::qemu_user(), SEED) {
        Ok(stack) => spawner.spawn(main_task(stack, arguments).expect("the first task")),
        Err(error) => end(Err(Failure::Chip(error))),
    }
}

#[embassy_executor::task]
async fn main_task(stack: Stack<'static>, arguments: Arguments) {
    end(smoke(stack, &arguments).await)
}

fn end(result: Result<(), Failure>) -> ! {
    println!("dropped frames {}", ethernet::dropped_frames());
    println!("stack {} of {} bytes", stack::high_water(), stack::size());
    let now = time::now_us();
    println!("busy {} of {now} us", now - executor::idle_us());
    match result {
        Ok(()) => exit(0),
        Err(failure) => {
            println!("failed: {failure}");
            exit(1)
        }
    }
}

async fn smoke(stack: Stack<'static>, arguments: &Arguments) -> Result<(), Failure> {
    println!("board {}", board::NAME);
    provoke(arguments);
    show_partition();
    if let Some(path) = arguments.value("flash") {
        count_starts(path).await?;
    }
    if let Some(host) = arguments.value("host") {
        echo(stack, SocketAddrV4::from_str(host).map_err(|_| Failure::Address)?).await?;
    }
    Ok(())
}

fn provoke(arguments: &Arguments) {
    if let Some(message) = arguments.value("panic") {
        panic!("{message}");
    }
    match arguments.value("fault") {
        Some("bus") => cortex_m::asm::udf(),
        Some("stack") => println!("{}", exhaust(1)),
        _ => {}
    }
}

#[allow(unconditional_recursion, reason = "that is what it is for")]
#[inline(never)]
fn exhaust(depth: u32) -> u32 {
    core::hint::black_box([depth; 64])[1] + exhaust(depth + 1)
}

fn show_partition() {
    let (bytes, first) = (provision::bytes(), 16);
    println!("partition of {} bytes: {:02x?}", bytes.len(), &bytes[..first]);
    println!("partition written: {}", bytes.starts_with(&provision::MAGIC));
}

/// Clears one more word of the first page with each start; the second page shows what writing does.
async fn count_starts(path: &str) -> Result<(), Failure> {
    let mut flash = FlashFile::<4>::open(path)?;
    let mut page = [0; PAGE];
    flash.read(0, &mut page).await?;
    let starts = page.chunks(WORD).take_while(|word| *word == [0; WORD]).count();
    println!("flash has seen {starts} starts before");
    flash.write((starts * WORD) as u32, &[0; WORD]).await?;

    let page_end = 2 * PAGE as u32;
    flash.erase(PAGE as u32, page_end).await?;
    flash.write(page_end - 8, &[0x0F; 8]).await?;
    flash.write(page_end - 4, &[0x35; 4]).await?;
    let mut end = [0; 12];
    flash.read(page_end - 12, &mut end).await?;
    let expected = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x0F, 0x0F, 0x0F, 0x05, 0x05, 0x05, 0x05];
    let refused = [
        flash.write(2, &[0; 4]).await.err() == Some(FlashError::NotAligned),
        flash.erase(0, 5 * PAGE as u32).await.err() == Some(FlashError::OutOfBounds),
        flash.read(u32::MAX, &mut end).await.err() == Some(FlashError::OutOfBounds),
    ];
    if end == expected && refused == [true; 3] { Ok(()) } else { Err(Failure::FlashContents) }
}

async fn echo(stack: Stack<'static>, host: SocketAddrV4) -> Result<(), Failure> {
    static INBOUND: ConstStaticCell<[u8; SOCKET_BUFFER]> = ConstStaticCell::new([0; SOCKET_BUFFER]);
    static OUTBOUND: ConstStaticCell<[u8; SOCKET_BUFFER]> = ConstStaticCell::new([0; SOCKET_BUFFER]);
    stack.wait_config_up().await;
    let mut socket = TcpSocket::new(stack, INBOUND.take(), OUTBOUND.take());
    socket.set_timeout(Some(Duration::from_secs(10)));
    socket.connect(host).await?;
    let (began, idle) = (time::now_us(), executor::idle_us());
    let (mut reader, mut writer) = socket.split();
    let (sent, received) = join(send(&mut writer), receive(&mut reader)).await;
    sent.and(received)?;
    let (took, idle) = (time::now_us() - began, executor::idle_us() - idle);
    println!("echo of {ECHO_BYTES} bytes in {took} us, {} of them busy", took - idle);
    Ok(())
}

async fn send(writer: &mut TcpWriter<'_>) -> Result<(), Failure> {
    for start in (0..ECHO_BYTES).step_by(CHUNK) {
        writer.write_all(&pattern(start)).await?;
    }
    Ok(writer.flush().await?)
}

async fn receive(reader: &mut TcpReader<'_>) -> Result<(), Failure> {
    for start in (0..ECHO_BYTES).step_by(CHUNK) {
        let mut chunk = [0; CHUNK];
        reader.read_exact(&mut chunk).await?;
        if chunk != pattern(start) {
            return Err(Failure::EchoContents);
        }
    }
    Ok(())
}

/// Bytes that differ between chunks, and from their neighbours.
fn pattern(start: usize) -> [u8; CHUNK] {
    core::array::from_fn(|index| ((start + index).wrapping_mul(0x9E37_79B1) >> 13) as u8)
}

enum Failure {
    Chip(ethernet::NotResponding),
    Flash(FlashError),
    FlashContents,
    Address,
    Connect(ConnectError),
    Connection(Error),
    ClosedEarly,
    EchoContents,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chip(error) => error.fmt(formatter),
            Self::Flash(error) => error.fmt(formatter),
            Self::FlashContents => formatter.write_str("the flash has other contents"),
            Self::Address => formatter.write_str("host= wants ADDRESS:PORT"),
            Self::Connect(error) => write!(formatter, "connecting: {error:?}"),
            Self::Connection(error) => write!(formatter, "connection: {error:?}"),
            Self::ClosedEarly => formatter.write_str("the host closed the connection"),
            Self::EchoContents => formatter.write_str("other bytes came back"),
        }
    }
}

impl From<FlashError> for Failure {
    fn from(error: FlashError) -> Self {
        Self::Flash(error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Connection(error)
    }
}

impl From<ReadExactError<Error>> for Failure {
    fn from(error: ReadExactError<Error>) -> Self {
        match error {
            ReadExactError::UnexpectedEof => Self::ClosedEarly,
            ReadExactError::Other(error) => Self::Connection(error),
        }
    }
}
