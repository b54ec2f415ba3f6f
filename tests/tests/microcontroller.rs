//! What runs on a microcontroller, against the very server, dealer and delegate of a data centre: right results in both ways
//! of taking part, and what the device does when its power was cut, when somebody forgot, and when nobody answers.

use std::cell::Cell;
use std::time::Duration;

use brelu_core::channel::{EPOCH_LEAD, Identity, PublicKey, epoch_of};
use brelu_core::client::Memory;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::masks::FRAME;
use brelu_core::plan::{Axis, Channel, Edge};
use brelu_core::thin::{Ends, ThinError};
use brelu_embedded::entropy::{Entropy, Seeded};
use brelu_embedded::error::{DeviceError, Peer};
use brelu_embedded::meter::{Metered, Passed};
use brelu_embedded::party::{Party, PartyMemory};
use brelu_embedded::records::{Records, RecordsError};
use brelu_embedded::settings::Secret;
use brelu_embedded::thin::{ThinMemory, ThinParty};
use brelu_host::weights::plan_hash;
use brelu_tests::build::Builder;
use brelu_tests::flash::Flash;
use brelu_tests::parties::{device, identities};
use brelu_tests::script::{agree, small};
use brelu_tests::socket::Socket;
use brelu_tests::wire::{Wire, honest};
use brelu_tests::world::World;
use embassy_time::Duration as Patience;
use tokio::io::{DuplexStream, copy_bidirectional, duplex};

/// Bytes of the records of a session on the wire.
const RECORD: usize = 512;

/// How long a device lets its peer be silent.
const PATIENCE: Patience = Patience::from_secs(20);

/// A world, an input, and what should come out.
async fn stage() -> (World, Vec<i32>, Vec<i32>) {
    let (world, input) = small();
    let outcome = world.session(std::slice::from_ref(&input), Wire::Frames(honest())).await;
    (world, input, outcome.expect("an honest run").outputs.remove(0))
}

/// One life of a device, from power on until it is dropped.
struct Life<'f> {
    identity: Identity,
    entropy: Seeded,
    records: Records<&'f mut Flash>,
    passed: Cell<Passed>,
}

impl<'f> Life<'f> {
    async fn begin(flash: &'f mut Flash) -> Self {
        let end = flash.end();
        let mut records = Records::new(flash, 0, end).expect("pages");
        let boot = records.boot().await.expect("a start");
        let entropy = Seeded::new(&Secret([7; 32]), boot);
        Self { identity: device(), entropy, records, passed: Cell::default() }
    }

    /// A session as the client; its epoch.
    async fn party(
        &mut self,
        world: &World,
        stream: impl embedded_io_async::Read + embedded_io_async::Write,
        input: &[i32],
        expected: &[i32],
    ) -> Result<u32, DeviceError> {
        let mut memory = Box::new(PartyMemory::<4096, RECORD>::NEW);
        self.party_in(world, stream, &mut memory, identities()[1].public(), input, expected).await
    }

    async fn party_in<const WORDS: usize>(
        &mut self,
        world: &World,
        stream: impl embedded_io_async::Read + embedded_io_async::Write,
        memory: &mut PartyMemory<WORDS, RECORD>,
        server: &PublicKey,
        input: &[i32],
        expected: &[i32],
    ) -> Result<u32, DeviceError> {
        let dealer = *identities()[2].public();
        let party = Party::new(world.plan().bytes(), &self.identity, *server, dealer)?;
        let mut session = party.start(stream, &mut self.entropy, &mut self.records, memory).await?;
        assert_eq!(self.records.floor(server).await?, session.epoch(), "recorded before it is used");
        let mut output = vec![0; expected.len()];
        for _ in 0..2 {
            let number = session.prepare(&mut |_, _| {}).await?;
            assert_eq!(epoch_of(number), session.epoch());
            session.infer(number, input, &mut output, &mut |_, _| {}).await?;
            assert!(agree(&output, expected), "{output:?} {expected:?}");
        }
        let epoch = session.epoch();
        session.close().await?;
        Ok(epoch)
    }

    /// A session with a delegate; its epoch.
    async fn thin(
        &mut self,
        world: &World,
        [to_delegate, to_server]: [DuplexStream; 2],
        input: &[i32],
        expected: &[i32],
    ) -> Result<u32, DeviceError> {
        let [delegate, server, _] = identities();
        let party = ThinParty {
            ends: Ends::of(world.plan(), plan_hash(world.plan())),
            identity: &self.identity,
            server: *server.public(),
            delegate: *delegate.public(),
        };
        let mut memory = ThinMemory::<RECORD>::NEW;
        let metered = |stream| Metered::new(Socket(stream), PATIENCE, &self.passed);
        let (to_delegate, to_server) = (metered(to_delegate), metered(to_server));
        let mut session = party.start(to_delegate, to_server, &mut self.entropy, &mut memory).await?;
        let (mut output, mut epoch) = (vec![0; expected.len()], 0);
        for _ in 0..2 {
            let grant = session.ask(&mut self.records, &mut output).await?;
            epoch = epoch_of(grant.number());
            assert_eq!(self.records.floor(delegate.public()).await?, epoch, "recorded before it is used");
            session.infer(grant, input, &mut output, &mut |_, _| {}).await?;
            assert!(agree(&output, expected), "{output:?} {expected:?}");
        }
        session.close().await?;
        Ok(epoch)
    }
}

#[tokio::test]
async fn a_device_as_the_client_gets_its_result_in_every_life() {
    let (world, input, expected) = stage().await;
    let (mut flash, mut last) = (Flash::new(2), 0);
    for life in 1..=3 {
        let mut device = Life::begin(&mut flash).await;
        for _ in 0..2 {
            let epoch = device.party(&world, Socket(world.answer()), &input, &expected).await;
            let epoch = epoch.expect("a session");
            assert!(epoch > last, "life {life}: {epoch} after {last}");
            last = epoch;
        }
    }
}

#[tokio::test]
async fn a_device_with_a_delegate_gets_its_result_in_every_life() {
    let (world, input, expected) = stage().await;
    let (mut flash, mut last) = (Flash::new(2), 0);
    for life in 1..=3 {
        let mut device = Life::begin(&mut flash).await;
        let peers = [world.delegate(), world.answer()];
        let epoch = device.thin(&world, peers, &input, &expected).await.expect("a session");
        assert!(epoch > last, "life {life}: {epoch} after {last}");
        last = epoch;
    }
}

#[tokio::test]
async fn power_that_is_cut_in_a_session_costs_that_session() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let server = *identities()[1].public();
    for steps in 0..14 {
        flash.power_on();
        let floor = Life::begin(&mut flash).await.records.floor(&server).await.expect("an epoch");
        flash.cut_after(steps, 0x0f0f_0f0f);
        let end = flash.end();
        let mut records = Records::new(&mut flash, 0, end).expect("pages");
        // Whatever comes of this life, it is the last thing the device knows of it.
        let started = records.boot().await;
        if let Ok(boot) = started {
            let entropy = Seeded::new(&Secret([7; 32]), boot);
            let mut cut = Life { identity: device(), entropy, records, passed: Cell::default() };
            let ended = cut.party(&world, Socket(world.answer()), &input, &expected).await;
            let off = DeviceError::Records(RecordsError::Flash);
            assert!(ended.is_ok_and(|epoch| epoch > floor) || flash.is_off(), "{off}");
        }
        flash.power_on();
        let mut next = Life::begin(&mut flash).await;
        let epoch = next.party(&world, Socket(world.answer()), &input, &expected).await;
        assert!(epoch.expect("a session") > floor);
    }
}

#[tokio::test]
async fn a_delegate_that_forgot_its_epochs_is_refused() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let mut floor = 0;
    for _ in 0..2 {
        let peers = [world.delegate(), world.answer()];
        floor = device.thin(&world, peers, &input, &expected).await.expect("a session");
    }
    let forgetful = world.fresh();
    let peers = [forgetful.delegate(), forgetful.answer()];
    let refused = device.thin(&forgetful, peers, &input, &expected).await.unwrap_err();
    let DeviceError::Records(RecordsError::Reused { epoch, floor: known }) = refused else {
        panic!("{refused}");
    };
    assert!(epoch <= floor && known == floor, "{refused}");
    assert!(refused.to_string().contains("nothing is used twice"), "{refused}");
}

#[tokio::test]
async fn a_dealer_that_forgot_its_epochs_is_told_of_them() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    device.records.consume(identities()[1].public(), 70).await.expect("a new epoch");
    let epoch = device.party(&world, Socket(world.answer()), &input, &expected).await;
    assert_eq!(epoch, Ok(71));
    let late = 71 + EPOCH_LEAD + 10;
    device.records.consume(identities()[1].public(), late).await.expect("a later epoch");
    let refused = device.party(&world, Socket(world.answer()), &input, &expected).await.unwrap_err();
    assert!(refused.to_string().contains("this dealer's record of this client"), "{refused}");
    // It moves on at every attempt.
    let epoch = device.party(&world, Socket(world.answer()), &input, &expected).await;
    assert_eq!(epoch, Ok(late + 1));
}

#[tokio::test]
async fn a_plan_that_is_too_large_is_refused_with_what_it_needs() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let mut memory = PartyMemory::<16, RECORD>::NEW;
    let server = *identities()[1].public();
    let stream = Socket(world.answer());
    let refused = device.party_in(&world, stream, &mut memory, &server, &input, &expected).await.unwrap_err();
    let need = Memory::least(world.plan());
    assert_eq!(refused, DeviceError::Room { what: "words of memory", want: need, have: 16 });
    let words = refused.to_string();
    assert!(words.contains(&format!("16 words of memory, the network needs {need}")), "{words}");
}

#[tokio::test]
async fn a_chain_of_identity_channels_takes_memory_that_a_device_counts_and_no_stack() {
    let mut builder = Builder::new(Shape::new(1, 1, 1), 16);
    let mut top = builder.offset(0, vec![0]);
    for _ in 0..63 {
        let passed = builder.activation(top, 16, 4, &[Channel::Identity]);
        let seen = builder.view(passed, builder.shape(passed), [Axis::SAME; 3], Edge::Clamp);
        top = builder.add(seen, 0, false, 16);
    }
    let map = Conv2d::dense(1, 1);
    let z = builder.linear(&[(top, map, vec![12])], vec![0], 8, 8);
    builder.activation(z, 8, 4, &[Channel::relu(2)]);
    let (plan, weights) = builder.finish();
    let world = World::new(plan, weights);
    let need = Memory::least(world.plan());
    assert!(need > 3 * 63 * FRAME && need < 4096, "{need} words");
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let server = *identities()[1].public();
    let mut memory = PartyMemory::<256, RECORD>::NEW;
    // Refused before anybody is called: nobody would answer here.
    let refused = device.party_in(&world, Socket(duplex(64).0), &mut memory, &server, &[9], &[0]).await;
    assert_eq!(refused, Err(DeviceError::Room { what: "words of memory", want: need, have: 256 }));
    // 64 times the input, and 12 / 2^8 of it behind the layer.
    device.party(&world, Socket(world.answer()), &[9], &[64 * 9 * 12 / 256]).await.expect("a result");
}

#[tokio::test]
async fn a_server_with_another_key_is_refused() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let mut memory = PartyMemory::<4096, RECORD>::NEW;
    let other = *identities()[2].public();
    let stream = Socket(world.answer());
    let refused = device.party_in(&world, stream, &mut memory, &other, &input, &expected).await.unwrap_err();
    assert!(matches!(refused, DeviceError::Secure { peer: Peer::Server, .. }), "{refused}");
    let words = refused.to_string();
    assert!(words.starts_with("server: ") && words.contains("another key"), "{words}");
    // The delegate's place taken by the server, and the other way round.
    let refused = device.thin(&world, [world.answer(), world.answer()], &input, &expected).await.unwrap_err();
    assert!(matches!(refused, DeviceError::Secure { peer: Peer::Delegate, .. }), "{refused}");
    let peers = [world.delegate(), world.delegate()];
    let refused = device.thin(&world, peers, &input, &expected).await.unwrap_err();
    assert!(matches!(refused, DeviceError::Secure { peer: Peer::Server, .. }), "{refused}");
}

#[tokio::test]
async fn a_delegate_that_goes_away_is_an_error_of_its_own() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let gone = duplex(64).0;
    let refused = device.thin(&world, [gone, world.answer()], &input, &expected).await.unwrap_err();
    assert!(matches!(refused, DeviceError::Secure { peer: Peer::Delegate, .. }), "{refused}");
    let party = ThinParty {
        ends: Ends { plan: [0; 32], ..Ends::of(world.plan(), plan_hash(world.plan())) },
        identity: &device.identity,
        server: *identities()[1].public(),
        delegate: *identities()[0].public(),
    };
    let mut memory = ThinMemory::<RECORD>::NEW;
    let peers = [world.delegate(), world.answer()].map(Socket);
    let [to_delegate, to_server] = peers;
    let started = party.start(to_delegate, to_server, &mut device.entropy, &mut memory).await;
    let mut session = started.expect("greetings");
    let refused = session.ask(&mut device.records, &mut vec![0; expected.len()]).await.unwrap_err();
    assert!(matches!(refused, DeviceError::Thin(ThinError::Delegate(_))), "{refused}");
    assert!(refused.to_string().contains("different plans"), "{refused}");
}

/// Passes on what one end says to the other, and counts: to `far`, and from it.
fn counted(mut far: DuplexStream) -> (DuplexStream, tokio::task::JoinHandle<Passed>) {
    let (near, mut inner) = duplex(1 << 14);
    let count = async move {
        let (up, down) = copy_bidirectional(&mut inner, &mut far).await.expect("both ends close");
        Passed { up, down }
    };
    (near, tokio::spawn(count))
}

#[tokio::test]
async fn meters_show_what_passed() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let (near, count) = counted(world.answer());
    let passed = Cell::new(Passed::default());
    let stream = Metered::new(Socket(near), PATIENCE, &passed);
    device.party(&world, stream, &input, &expected).await.expect("a session");
    assert_eq!(passed.get(), count.await.expect("a count"));
    let [(one, first), (other, second)] = [world.delegate(), world.answer()].map(counted);
    device.thin(&world, [one, other], &input, &expected).await.expect("a session");
    let passed = device.passed.get();
    assert_eq!(passed, first.await.expect("a count") + second.await.expect("a count"));
    assert!(passed.up > 0 && passed.down > 0, "{passed:?}");
}

#[tokio::test]
async fn silence_ends() {
    let (world, input, expected) = stage().await;
    let mut flash = Flash::new(2);
    let mut device = Life::begin(&mut flash).await;
    let passed = Cell::new(Passed::default());
    let (silent, _keep) = duplex(1 << 12);
    let stream = Metered::new(Socket(silent), Patience::from_millis(50), &passed);
    let session = device.party(&world, stream, &input, &expected);
    let ended = tokio::time::timeout(Duration::from_secs(10), session).await.expect("an end");
    let words = ended.unwrap_err().to_string();
    assert!(words.starts_with("server: ") && words.contains("silent for too long"), "{words}");
    assert!(passed.get().up > 0 && passed.get().down == 0);
    // A stream that takes nothing.
    let (full, _keep) = duplex(8);
    let stream = Metered::new(Socket(full), Patience::from_millis(50), &passed);
    let session = device.party(&world, stream, &input, &expected);
    let ended = tokio::time::timeout(Duration::from_secs(10), session).await.expect("an end");
    assert!(matches!(ended, Err(DeviceError::Secure { peer: Peer::Server, .. })), "{ended:?}");
    assert!(device.entropy.secret().is_ok());
}
