extern crate std;

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::transport::{FrameKind, MAX_PAYLOAD};

fn identity(byte: u8) -> Identity {
    Identity::new([byte; 32])
}

fn ephemeral(byte: u8) -> Ephemeral {
    Ephemeral::new([byte; 32])
}

/// A handshake in which `alter` may change both messages.
fn shake(
    pinned: &PublicKey,
    context: [&[u8]; 2],
    alter: impl Fn(&mut [u8], &mut [u8]),
) -> (Result<Agreed, HandshakeError>, Option<Agreed>) {
    let mut initiator = Initiator::new(&identity(1), pinned, Pair::ClientServer, &[context[0]], ephemeral(3));
    let mut first = [0; FIRST_OVERHEAD];
    initiator.write(&[], &mut first).unwrap();
    let (mut none, server) = ([0; 1], identity(2));
    alter(&mut first, &mut none);
    let read = Responder::read(&server, Pair::ClientServer, &[context[1]], ephemeral(4), &first, &mut []);
    let (mut answer, agreed) = match read {
        Ok(responder) => {
            assert_eq!(responder.peer(), identity(1).public());
            let (answer, agreed) = responder.answer().unwrap();
            (answer, Some(agreed))
        }
        Err(_) => (Refusal::Unreadable.encode(server.public()), None),
    };
    let mut untouched = [0; FIRST_OVERHEAD];
    alter(&mut untouched, &mut answer);
    (initiator.read_answer(&answer), agreed)
}

fn pair() -> (Agreed, Agreed) {
    let (client, server) = shake(identity(2).public(), [b"", b""], |_, _| {});
    (client.unwrap(), server.unwrap())
}

fn sealed(sealer: &mut Sealer, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![0; payload.len() + RECORD_OVERHEAD];
    record[RECORD_HEADER + 1..][..payload.len()].copy_from_slice(payload);
    sealer.seal(kind, &mut record).unwrap();
    record
}

fn opened(opener: &mut Opener, record: &[u8]) -> Result<(FrameKind, Vec<u8>), RecordError> {
    let header = [record[0], record[1], record[2]];
    let body = record_body(header, MAX_PAYLOAD)?;
    let mut body = record.get(RECORD_HEADER..RECORD_HEADER + body).ok_or(RecordError::Broken)?.to_vec();
    let (kind, len) = opener.open(header, &mut body)?;
    Ok((kind, body[1..=len].to_vec()))
}

#[test]
fn both_ends_agree() {
    let (client, server) = pair();
    let (client, server) = (client.into_keys(), server.into_keys());
    assert_eq!(client.peer(), identity(2).public());
    assert_eq!(server.peer(), identity(1).public());
    assert_eq!(client.pair_key(&[9; 32]).expose(), server.pair_key(&[9; 32]).expose());
    assert_ne!(client.pair_key(&[9; 32]).expose(), client.pair_key(&[8; 32]).expose());
}

#[test]
fn frames_pass_in_both_directions() {
    let (client, server) = pair();
    let ((_, mut to, mut from), (_, mut back, mut there)) = (client.into_parts(), server.into_parts());
    for len in [0, 1, 63, 5000, MAX_PAYLOAD] {
        let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let record = sealed(&mut to, FrameKind::Data, &payload);
        assert_eq!(record.len(), len + RECORD_OVERHEAD);
        assert_eq!(opened(&mut there, &record), Ok((FrameKind::Data, payload.clone())));
        let record = sealed(&mut back, FrameKind::Ready, &payload);
        assert_eq!(opened(&mut from, &record), Ok((FrameKind::Ready, payload)));
    }
}

#[test]
fn an_altered_repeated_or_missing_record_does_not_open() {
    let (client, server) = pair();
    let ((_, mut to, _), (_, _, mut there)) = (client.into_parts(), server.into_parts());
    let records: Vec<_> = (0..3).map(|at| sealed(&mut to, FrameKind::Data, &[at; 20])).collect();
    for at in 0..records[0].len() {
        let mut altered = records[0].clone();
        altered[at] ^= 1;
        assert!(opened(&mut there, &altered).is_err(), "byte {at}");
    }
    assert_eq!(opened(&mut there, &records[1]), Err(RecordError::Broken));
    assert!(opened(&mut there, &records[0]).is_ok());
    assert_eq!(opened(&mut there, &records[0]), Err(RecordError::Broken));
    assert_eq!(opened(&mut there, &records[2]), Err(RecordError::Broken));
    assert!(opened(&mut there, &records[1]).is_ok());
}

#[test]
fn keys_are_replaced_on_both_sides() {
    let (client, server) = pair();
    let ((_, mut to, _), (_, _, mut there)) = (client.into_parts(), server.into_parts());
    for count in 0..2 * super::record::REKEY + 3 {
        let record = sealed(&mut to, FrameKind::Data, &count.to_le_bytes());
        assert_eq!(opened(&mut there, &record).unwrap().1, count.to_le_bytes());
    }
}

#[test]
fn lengths_are_bounded() {
    let length = |len: usize| [len as u8, (len >> 8) as u8, (len >> 16) as u8];
    for len in [0, 1, 16, MAX_PAYLOAD + RECORD_OVERHEAD - 2, 0xff_ffff] {
        assert!(record_body(length(len), usize::MAX).is_err(), "{len}");
    }
    assert_eq!(record_body(length(17), 0), Ok(17));
    assert!(record_body(length(18), 0).is_err());
}

#[test]
fn another_key_is_noticed() {
    let other = identity(7);
    let (client, server) = shake(other.public(), [b"", b""], |_, _| {});
    let expected =
        HandshakeError::OtherKey { theirs: identity(2).public().id(), pinned: other.public().id() };
    assert_eq!(client.unwrap_err(), expected);
    assert!(server.is_none());
}

#[test]
fn another_context_is_noticed() {
    let (client, server) = shake(identity(2).public(), [b"one plan", b"another plan"], |_, _| {});
    assert_eq!(client.unwrap_err(), HandshakeError::Tampered);
    assert!(server.is_none());
}

#[test]
fn every_altered_bit_of_the_handshake_is_noticed() {
    let pinned = *identity(2).public();
    for at in 0..FIRST_OVERHEAD {
        // The top bit of an X25519 key is not part of it, but of the hash of all that was said.
        let (client, server) = shake(&pinned, [b"", b""], |first, _| first[at] ^= 0x80);
        assert_eq!(client.unwrap_err(), HandshakeError::Tampered, "byte {at}");
        assert!(server.is_none());
    }
    for at in 1..ANSWER_LEN {
        let (client, _) = shake(&pinned, [b"", b""], |_, answer| {
            answer.get_mut(at).into_iter().for_each(|byte| *byte ^= 0x80)
        });
        assert_eq!(client.unwrap_err(), HandshakeError::Tampered, "byte {at}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let (own, pinned) = (identity(1), *identity(2).public());
    let read = |answer: &[u8]| {
        let mut initiator = Initiator::new(&own, &pinned, Pair::ClientServer, &[], ephemeral(3));
        initiator.write(&[], &mut [0; FIRST_OVERHEAD]).unwrap();
        initiator.read_answer(answer).unwrap_err()
    };
    assert_eq!(
        read(&Refusal::NotAuthorised.encode(&pinned)),
        HandshakeError::NotAuthorised(own.public().id())
    );
    assert_eq!(read(&Refusal::Unreadable.encode(&pinned)), HandshakeError::Tampered);
    let mut old = Refusal::Unreadable.encode(&pinned);
    old[1] = 77;
    assert_eq!(read(&old), HandshakeError::Version { theirs: 77 });
    assert_eq!(read(b"HTTP/1.1 400 Bad Request"), HandshakeError::Foreign);
    assert_eq!(read(b""), HandshakeError::Foreign);
}

#[test]
fn keys_that_agree_with_nobody_are_refused() {
    let mut initiator =
        Initiator::new(&identity(1), &PublicKey::new([0; 32]), Pair::ClientServer, &[], ephemeral(3));
    assert!(initiator.write(&[], &mut [0; FIRST_OVERHEAD]).is_err());
    let zeros = [0; FIRST_OVERHEAD];
    let read = Responder::read(&identity(2), Pair::ClientServer, &[], ephemeral(4), &zeros, &mut []);
    assert!(read.unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn lengths_that_do_not_fit_are_errors() {
    let pinned = *identity(2).public();
    let mut initiator = Initiator::new(&identity(1), &pinned, Pair::ClientServer, &[], ephemeral(3));
    assert!(initiator.write(&[], &mut [0; 5]).is_err());
    assert!(
        Initiator::new(&identity(1), &pinned, Pair::ClientServer, &[], ephemeral(3))
            .read(&[0; 60], &mut [])
            .is_err()
    );
    let read = Responder::read(&identity(2), Pair::ClientServer, &[], ephemeral(4), &[0; 5], &mut []);
    assert!(read.is_err());
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Made with the Python package `noiseprotocol` 0.3.1 from the same keys (32 bytes 1 and 2, ephemeral 3 and 4).
#[test]
fn another_implementation_of_noise_says_the_same() {
    use super::suite::{ChaChaPoly, Secret, Sha, X25519};
    use noise_protocol::{HandshakeState, U8Array};
    type Noise = HandshakeState<X25519, ChaChaPoly, Sha>;
    let secret = |byte: u8| Some(Secret::from_slice(&[byte; 32]));
    let prologue = b"a prologue of exactly 32 bytes..";
    let pinned = Some(*identity(2).public().bytes());
    let ik = noise_protocol::patterns::noise_ik;
    let mut client = Noise::new(ik(), true, prologue, secret(1), secret(3), pinned, None);
    let mut server = Noise::new(ik(), false, prologue, secret(2), secret(4), None, None);
    let (mut first, mut second) = (vec![0; FIRST_OVERHEAD + 3], vec![0; SECOND_OVERHEAD + 3]);
    client.write_message(b"one", &mut first).unwrap();
    server.read_message(&first, &mut [0; 3]).unwrap();
    server.write_message(b"two", &mut second).unwrap();
    client.read_message(&second, &mut [0; 3]).unwrap();
    let expected = [
        "5dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3ef22d5ea48b87c259312e4124f5b8ab09dbabfeeac5b1a722c5a\
         59f272aaf50460065d876e6b9deb09adf193288d952349b31c185c7ab1e6392fdf0ca1ceac54ac0ea3862c",
        "ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b2a189cf4a728029659919f7c48459c69d2b10b",
        "d0b097a9a186786206da659a93b9632aa0e27fa6913ca9b19d8359ed1ee3996a",
        "b5aaad14b849dd865c6438df702cad0254870252e9",
        "2909540de22570aa43234739f542327e68dd9fb1",
    ];
    let (mut there, _) = client.get_ciphers();
    let (_, mut back) = server.get_ciphers();
    let (mut three, mut four) = (vec![0; 5 + 16], vec![0; 4 + 16]);
    there.encrypt(b"three", &mut three);
    back.encrypt(b"four", &mut four);
    let said = [&first[..], &second, client.get_hash(), &three, &four];
    for (said, expected) in said.iter().zip(expected) {
        assert_eq!(*said, bytes(expected));
    }
}
