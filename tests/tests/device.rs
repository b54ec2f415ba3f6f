//! The client as a small device runs it: core alone, over a byte stream, in buffers of a few kilobytes, against the very
//! server and dealer of a data centre.

use brelu_core::channel::{Ephemeral, Identity, Pair, PublicKey, Secure, SecureError, inference_number};
use brelu_core::client::{Client, ClientError, Greeting, Memory, Portable, Workspace, greet};
use brelu_core::transport::{Framed, FramedError, Transport};
use brelu_host::keys::random_key;
use brelu_host::weights::plan_hash;
use brelu_tests::parties::identities;
use brelu_tests::script::{agree, small};
use brelu_tests::socket::Socket;
use brelu_tests::wire::{Wire, honest};
use brelu_tests::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

fn fresh() -> Ephemeral {
    Ephemeral::new(*random_key().expect("randomness").expose())
}

async fn connect<'b>(
    world: &World,
    identity: &Identity,
    server: &PublicKey,
    record: &'b mut [u8],
) -> Result<Secure<'b, Socket>, SecureError> {
    let socket = Socket(world.answer());
    Secure::connect(socket, identity, server, Pair::ClientServer, fresh(), record).await
}

#[tokio::test]
async fn a_device_gets_its_result() {
    let (world, input) = small();
    let expected = world.session(std::slice::from_ref(&input), Wire::Frames(honest())).await;
    let expected = expected.expect("an honest run").outputs.remove(0);
    let [own, server, dealer] = identities();
    let mut record = [0; 1024];
    let mut transport = connect(&world, &own, server.public(), &mut record).await.expect("a connection");
    let (plan, hash) = (world.plan(), plan_hash(world.plan()));
    let greeting = Greeting {
        identity: &own,
        server: server.public(),
        dealer: dealer.public(),
        plan: &hash,
        floor: 7,
        max_payload: transport.room() as u32,
        ephemeral: fresh(),
    };
    let session = greet(&mut transport, greeting).await.expect("a session");
    assert_eq!(session.epoch, 8, "the first epoch after the device's last one");
    let (mut words, mut incoming, mut outgoing) = (vec![0; Memory::least(plan)], [0; 1004], [0; 1004]);
    let work = Workspace { words: &mut words, incoming: &mut incoming, outgoing: &mut outgoing };
    let mut client = Client::new(plan, session.keys, transport, Portable, work).expect("enough memory");
    let mut output = vec![0; plan.output().shape.len()];
    for index in 1..=2 {
        let number = inference_number(session.epoch, index);
        client.prepare(number, &mut |_, _| {}).await.expect("prepared");
        client.infer(number, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
        assert!(agree(&output, &expected));
    }
    client.close().await.expect("a good-bye");
}

#[tokio::test]
async fn a_device_notices_strangers_and_is_one() {
    let (world, _) = small();
    let [own, server, dealer] = identities();
    let mut record = [0; 256];
    let error = connect(&world, &own, dealer.public(), &mut record).await.unwrap_err().to_string();
    assert!(error.contains("another key"), "{error}");
    let stranger = Identity::new([9; 32]);
    let error = connect(&world, &stranger, server.public(), &mut record).await.unwrap_err().to_string();
    assert!(error.contains("does not know the key"), "{error}");
    let (near, far) = duplex(64);
    drop(far);
    let closed =
        Secure::connect(Socket(near), &own, server.public(), Pair::ClientServer, fresh(), &mut record).await;
    assert!(matches!(closed.unwrap_err(), SecureError::Closed | SecureError::Stream(_)));
}

#[tokio::test]
async fn a_device_refuses_what_it_has_no_room_for() {
    let (world, _) = small();
    let [own, server, dealer] = identities();
    let mut record = [0; 64];
    let mut transport = connect(&world, &own, server.public(), &mut record).await.expect("a connection");
    let hash = plan_hash(world.plan());
    let greeting = Greeting {
        identity: &own,
        server: server.public(),
        dealer: dealer.public(),
        plan: &hash,
        floor: 0,
        max_payload: 64,
        ephemeral: fresh(),
    };
    let error = greet(&mut transport, greeting).await.unwrap_err();
    assert!(matches!(error, ClientError::Message(_)), "{error}");
    assert!(error.to_string().contains("does not fit"), "{error}");
}

#[tokio::test]
async fn frames_in_the_clear_pass_and_are_bounded() {
    use brelu_core::transport::FrameKind;
    let (near, far) = duplex(1 << 12);
    let (mut near, mut far) = (Framed(Socket(near)), Framed(Socket(far)));
    near.send(FrameKind::Ready, b"twelve bytes").await.expect("sent");
    near.flush().await.expect("flushed");
    let mut buffer = [0; 12];
    assert_eq!(far.receive(&mut buffer).await, Ok((FrameKind::Ready, 12)));
    assert_eq!(&buffer, b"twelve bytes");
    near.send(FrameKind::Data, &[7; 13]).await.expect("sent");
    assert_eq!(far.receive(&mut buffer).await, Err(FramedError::TooLong { got: 13, room: 12 }));
    near.0.0.write_all(&[0, 0, 0, 99]).await.expect("sent");
    drop(near);
    let mut rest = [0; 13];
    far.0.0.read_exact(&mut rest).await.expect("the payload that was too long");
    assert_eq!(far.receive(&mut buffer).await, Err(FramedError::Kind(99)));
    assert_eq!(far.receive(&mut buffer).await, Err(FramedError::Closed));
}
