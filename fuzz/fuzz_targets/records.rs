//! The secure channel: handshake messages and first words of any bytes are refused or read, never more; records that were
//! altered, repeated or moved do not open, and those that were not do.
#![no_main]

use brelu_core::channel::{
    Agreed, Caller, ClientHello, Delegation, DeviceHello, Ephemeral, FIRST_OVERHEAD, Identity, Initiator,
    Opener, Pair, RECORD_HEADER, RECORD_OVERHEAD, Responder, Sealer, ServerHello, record_body,
};
use brelu_core::transport::{FrameKind, MAX_PAYLOAD};
use libfuzzer_sys::fuzz_target;

fn initiator(server: &Identity) -> (Initiator, [u8; FIRST_OVERHEAD]) {
    let client = Identity::new([1; 32]);
    let mut initiator =
        Initiator::new(&client, server.public(), Pair::ClientServer, &[], Ephemeral::new([3; 32]));
    let mut first = [0; FIRST_OVERHEAD];
    initiator.write(&[], &mut first).expect("a first message");
    (initiator, first)
}

fn responder(server: &Identity, first: &[u8]) -> Option<Responder> {
    Responder::read(server, Pair::ClientServer, &[], Ephemeral::new([4; 32]), first, &mut []).ok()
}

fn pair() -> (Sealer, Opener) {
    let server = Identity::new([2; 32]);
    let (initiator, first) = initiator(&server);
    let (answer, theirs) = responder(&server, &first).and_then(|read| read.answer().ok()).expect("an answer");
    let ours: Agreed = initiator.read_answer(&answer).expect("the same keys");
    (ours.into_parts().1, theirs.into_parts().2)
}

fn open(opener: &mut Opener, record: &mut [u8]) -> Option<(FrameKind, Vec<u8>)> {
    let header: [u8; RECORD_HEADER] = *record.first_chunk()?;
    let body = record_body(header, MAX_PAYLOAD).ok()?;
    let body = record.get_mut(RECORD_HEADER..)?.get_mut(..body)?;
    let (kind, len) = opener.open(header, body).ok()?;
    Some((kind, body[1..=len].to_vec()))
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let server = Identity::new([2; 32]);
    match choice % 4 {
        0 => {
            // An altered first message, and any answer to an honest one.
            let (initiator, mut first) = initiator(&server);
            first.iter_mut().zip(data).for_each(|(byte, change)| *byte ^= change);
            let changed = data.iter().take(FIRST_OVERHEAD).any(|change| *change != 0);
            assert_eq!(responder(&server, &first).is_none(), changed);
            assert!(initiator.read_answer(data).is_err());
        }
        1 => {
            let _ = responder(&server, data);
            let _ = postcard::from_bytes::<ClientHello<'_>>(data);
            let _ = postcard::from_bytes::<ServerHello<'_>>(data);
            let _ = postcard::from_bytes::<Caller<'_>>(data);
            let _ = postcard::from_bytes::<DeviceHello>(data);
            if let Some(delegation) = Delegation::decode(data) {
                assert_eq!(&delegation.encode()[..], data);
            }
        }
        _ => records(data),
    }
});

/// Each byte pair sends one record: its length, and what becomes of it on the way.
fn records(data: &[u8]) {
    let (mut sealer, mut opener) = pair();
    for (index, step) in data.chunks_exact(4).take(64).enumerate() {
        let payload: Vec<u8> = (0..usize::from(step[0]) * 3).map(|at| (at + index) as u8).collect();
        let mut record = vec![0; payload.len() + RECORD_OVERHEAD];
        record[RECORD_HEADER + 1..][..payload.len()].copy_from_slice(&payload);
        sealer.seal(FrameKind::Data, &mut record).expect("a small record");
        let sent = record.clone();
        let place = (usize::from(step[2]) << 8 | usize::from(step[3])) % record.len();
        match step[1] % 8 {
            0 => record[place] ^= step[1] | 1,
            1 => record.truncate(place),
            2 => {
                // Repeated: the first time it opens.
                assert!(open(&mut opener, &mut record.clone()).is_some());
            }
            3 => {
                // Lost: nothing opens any more.
                for _ in 0..2 {
                    sealer.seal(FrameKind::Data, &mut record).expect("a small record");
                    assert!(open(&mut opener, &mut record.clone()).is_none());
                }
                return;
            }
            _ => {
                assert_eq!(open(&mut opener, &mut record), Some((FrameKind::Data, payload)));
                continue;
            }
        }
        let changed = record != sent || step[1] % 8 == 2;
        assert_eq!(open(&mut opener, &mut record).is_none(), changed);
        return;
    }
}
