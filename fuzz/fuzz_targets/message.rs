//! Packed fields and messages of them: any bytes read in any pieces give the same fields, what is written comes back
//! whatever the frames, and altered frames give an error or other values.
#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use arbitrary::{Arbitrary, Unstructured};
use brelu_core::bits::{BitReader, BitWriter, Unpacker, bytes};
use brelu_core::ring;
use brelu_core::transport::{
    FrameKind, MessageError, MessageReader, MessageWriter, Transport, decode_header, encode_header,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[width, piece, a, b], data)) = data.split_first_chunk::<4>() else { return };
    if let Ok((kind, len)) = decode_header([a, b, width, piece], usize::from(a) << 8 | usize::from(b)) {
        assert_eq!(encode_header(kind, len), [a, b, width, piece]);
    }
    pack(width % 32 + 1, usize::from(piece).max(1), data);
    if let Ok(case) = Case::arbitrary(&mut Unstructured::new(data)) {
        messages(&case);
    }
});

fn pack(width: u8, piece: usize, data: &[u8]) {
    let count = data.len() * 8 / usize::from(width);
    let mut whole = vec![0; count];
    BitReader::at(data, 0).pull(width, &mut whole);
    let (mut unpacker, mut pieces, mut done) = (Unpacker::default(), vec![0; count], 0);
    for mut bytes in data.chunks(piece) {
        while !bytes.is_empty() && done < count {
            let (used, more) = unpacker.pull(width, bytes, &mut pieces[done..]);
            bytes = &bytes[used..];
            done += more;
        }
    }
    assert_eq!(whole, pieces);
    let mut packed = vec![0; bytes(u64::from(width) * count as u64) as usize];
    let mut writer = BitWriter::new(&mut packed);
    writer.push(width, &whole);
    writer.finish();
    let full = usize::from(width) * count / 8;
    assert_eq!(packed[..full], data[..full]);
}

#[derive(Arbitrary, Debug)]
struct Case {
    /// Room of the writer's frames and of the reader's, beyond the least.
    rooms: [u8; 2],
    fault: Fault,
    runs: Vec<(u8, Vec<u32>)>,
}

/// What happens to one frame.
#[derive(Arbitrary, Debug)]
enum Fault {
    None,
    Lost(u8),
    Doubled(u8),
    Cut(u8, u8),
    Extended(u8, Vec<u8>),
    Altered(u8, u8, u8),
    Renamed(u8, u8),
}

/// Frames in memory.
#[derive(Default)]
struct Memory(VecDeque<(FrameKind, Vec<u8>)>);

impl Transport for Memory {
    type Error = Infallible;

    async fn send(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Infallible> {
        self.0.push_back((kind, payload.to_vec()));
        Ok(())
    }

    /// A frame that is larger than the buffer is cut; after the last frame the peer says good-bye.
    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), Infallible> {
        let (kind, payload) = self.0.pop_front().unwrap_or((FrameKind::Bye, Vec::new()));
        let len = payload.len().min(buffer.len());
        buffer[..len].copy_from_slice(&payload[..len]);
        Ok((kind, len))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Runs what never waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory does not wait"),
    }
}

fn messages(case: &Case) {
    let runs: Vec<(u8, Vec<u32>)> = case
        .runs
        .iter()
        .map(|(width, values)| {
            let width = width % 33;
            (width, values.iter().map(|value| value & ring::mask(width)).collect())
        })
        .collect();
    let bits = runs.iter().map(|(width, values)| u64::from(*width) * values.len() as u64).sum();
    let mut memory = Memory::default();
    now(write(&mut memory, 16 + usize::from(case.rooms[0]), &runs));
    let sent: usize = memory.0.iter().map(|(_, payload)| payload.len()).sum();
    assert_eq!(sent as u64, bytes(bits));
    let harmless = !spoil(&mut memory, &case.fault);
    let room = 16 + usize::from(case.rooms[0]) + usize::from(case.rooms[1]);
    let read = now(read(&mut memory, room, bits, &runs));
    if harmless {
        assert_eq!(read.as_ref(), Ok(&runs));
    }
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}

async fn write(memory: &mut Memory, room: usize, runs: &[(u8, Vec<u32>)]) {
    let mut buffer = vec![0; room];
    let mut writer = MessageWriter::new(&mut buffer);
    for (width, values) in runs {
        writer.push(memory, *width, values).await.expect("memory takes everything");
    }
    writer.finish(memory).await.expect("memory takes everything");
}

async fn read(
    memory: &mut Memory,
    room: usize,
    bits: u64,
    runs: &[(u8, Vec<u32>)],
) -> Result<Vec<(u8, Vec<u32>)>, MessageError<Infallible>> {
    let mut buffer = vec![0; room];
    let (mut reader, mut read) = (MessageReader::new(&mut buffer, bits), Vec::new());
    for (width, values) in runs {
        let mut out = vec![0; values.len()];
        reader.pull(memory, *width, &mut out).await?;
        read.push((*width, out));
    }
    reader.finish()?;
    Ok(read)
}

/// Applies a fault; whether there was a frame for it that it changed.
fn spoil(memory: &mut Memory, fault: &Fault) -> bool {
    let frames = &mut memory.0;
    let Some(last) = frames.len().checked_sub(1) else { return false };
    let at = |index: &u8| usize::from(*index).min(last);
    match fault {
        Fault::None => return false,
        Fault::Lost(index) => drop(frames.remove(at(index))),
        Fault::Doubled(index) => frames.insert(at(index), frames[at(index)].clone()),
        Fault::Cut(index, len) => frames[at(index)].1.truncate(usize::from(*len)),
        Fault::Extended(index, more) => frames[at(index)].1.extend(more),
        Fault::Altered(index, place, bits) => {
            let payload = &mut frames[at(index)].1;
            let place = usize::from(*place) % payload.len();
            payload[place] ^= bits;
        }
        Fault::Renamed(index, kind) => {
            frames[at(index)].0 = FrameKind::from_byte(*kind).unwrap_or(FrameKind::Failed);
        }
    }
    true
}
