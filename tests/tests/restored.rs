//! A server that is put back to an old state, and a client that has kept its keys: no mask is opened a second time, whenever
//! the copy was made.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use brelu_core::channel::{Delegation, Ephemeral};
use brelu_core::client::{Greeting, greet};
use brelu_core::cost;
use brelu_core::transport::FrameKind;
use brelu_host::client::ClientMemory;
use brelu_host::event::Event;
use brelu_host::keys::random_key;
use brelu_host::pipe::{NetError, Pipe};
use brelu_host::weights::plan_hash;
use brelu_tests::script::{agree, copy_folder, out_of_time, small};
use brelu_tests::wire::{Frame, Route, Tap, Wire, honest};
use brelu_tests::world::{Role, World};
use tempfile::TempDir;

/// Parties with their records in a folder, an input, and the folder.
fn stage() -> (World, Vec<i32>, TempDir) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (world, input) = small();
    (world.with_home(home.path().to_owned()), input, home)
}

/// A copy of the server's records, in a home of its own.
fn copied(home: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&home.join("server"), &copy.path().join("server"));
    copy
}

/// The server goes on from a copy of its records.
fn put_back(world: &mut World, home: &Path, copy: &Path) {
    std::fs::remove_dir_all(home.join("server")).expect("the server's folder");
    copy_folder(&copy.join("server"), &home.join("server"));
    world.restart(Role::Server);
}

fn items(home: &Path) -> usize {
    let folders = std::fs::read_dir(home.join("server/ready")).into_iter().flatten().flatten();
    let files = folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
    files.filter(|file| file.path().extension().is_some_and(|end| end == "ready")).count()
}

/// A client that does not care for one-time use: its session at a server.
struct Rogue {
    pipe: Pipe,
    input_bits: u64,
}

impl Rogue {
    async fn new(world: &World, wire: Wire) -> Self {
        let (party, hash) = (world.client().clone(), plan_hash(world.plan()));
        let mut connection = world.connect(wire).await.expect("a connection");
        let greeting = Greeting {
            identity: &party.identity,
            server: &party.server,
            dealer: &party.dealer,
            plan: &hash,
            floor: 0,
            max_payload: 1 << 16,
            ephemeral: Ephemeral::new(*random_key().expect("randomness").expose()),
        };
        greet(&mut connection.pipe, greeting).await.expect("a session");
        Self { pipe: connection.pipe, input_bits: cost::step(world.plan(), 0).client_online }
    }

    /// Whether the server says that it has a number.
    async fn claim(&mut self, number: u64) -> bool {
        self.pipe.send_frame(FrameKind::Claim, number.to_le_bytes().to_vec()).await.expect("a claim");
        let granted = self.pipe.receive_kind(FrameKind::Claim, "an answer").await.expect("an answer");
        *granted == number.to_le_bytes()
    }

    /// Asks for an inference with some input; the first thing that the server opens, or why it does not.
    async fn infer(&mut self, number: u64) -> Result<Vec<u8>, NetError> {
        self.pipe.send_frame(FrameKind::Infer, number.to_le_bytes().to_vec()).await?;
        // All zero bits are as good as any.
        self.pipe.send_data(&vec![0; self.input_bits.div_ceil(8) as usize]).await?;
        Ok(self.pipe.receive_kind(FrameKind::Data, "an opened layer").await?.to_vec())
    }
}

/// How many messages of inferences a server opened, by its own account.
fn used(world: &World) -> Vec<u64> {
    let [server, _] = world.events();
    server
        .iter()
        .filter_map(|event| if let Event::Used(_, number) = event { Some(*number) } else { None })
        .collect()
}

/// A client prepares some inferences and leaves; their numbers.
async fn prepare(world: &World, count: usize) -> Vec<u64> {
    let mut memory = ClientMemory::least(world.plan(), 256);
    let mut client = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.extend(client.prepare(&mut |_, _| {}).await.expect("an inference"));
    }
    numbers
}

fn refused(result: Result<Vec<u8>, NetError>) -> String {
    result.expect_err("a refusal").to_string()
}

#[test]
fn a_server_put_back_has_nothing_that_was_used_since() {
    let (mut world, input, home) = stage();
    out_of_time(async {
        let numbers = prepare(&world, 3).await;
        let copy = copied(home.path());
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(rogue.claim(numbers[0]).await);
        rogue.infer(numbers[0]).await.expect("an opened layer");
        put_back(&mut world, home.path(), copy.path());
        assert_eq!(items(home.path()), 3, "the copy has what was used");
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert_eq!(items(home.path()), 0, "all of it is gone");
        for number in numbers {
            assert!(!rogue.claim(number).await);
        }
        let words = refused(rogue.infer(3).await);
        assert!(words.contains("is not prepared: prepare it first"), "{words}");
        // The honest client is served as ever.
        let outcome = world.session(&[input.clone(), input], Wire::Frames(honest())).await.expect("results");
        assert!(agree(&outcome.outputs[0], &outcome.outputs[1]));
    });
    let all = used(&world);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    let discarded = |event: &Event| matches!(event, Event::Discarded(_, 3));
    assert!(world.events()[0].iter().any(discarded), "whoever runs it is told");
}

#[test]
fn a_copy_with_nothing_used_since_serves_as_it_is() {
    let (mut world, _, home) = stage();
    out_of_time(async {
        let numbers = prepare(&world, 2).await;
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(rogue.claim(numbers[0]).await);
        rogue.infer(numbers[0]).await.expect("an opened layer");
        let copy = copied(home.path());
        put_back(&mut world, home.path(), copy.path());
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(!rogue.claim(numbers[0]).await);
        assert!(rogue.claim(numbers[1]).await);
        rogue.infer(numbers[1]).await.expect("an opened layer");
    });
}

/// Two servers run from copies of one store at once: the second one finds out when an inference begins.
#[test]
fn of_two_servers_with_one_store_one_opens_an_inference() {
    for on_behalf in [false, true] {
        let (world, input, home) = stage();
        out_of_time(async {
            let numbers = prepare(&world, 2).await;
            let copy = copied(home.path());
            let twin = world.with_server_from(copy.path());
            let mut rogues = Vec::new();
            for world in [&world, &twin] {
                let mut rogue = Rogue::new(world, Wire::Frames(honest())).await;
                assert!(rogue.claim(numbers[0]).await && rogue.claim(numbers[1]).await);
                rogues.push(rogue);
            }
            rogues[0].infer(numbers[0]).await.expect("an opened layer");
            let words = match on_behalf {
                false => refused(rogues[1].infer(numbers[0]).await),
                true => refused(delegation(&twin, &mut rogues[1], numbers[0]).await),
            };
            assert!(
                words.contains("older than the dealer remembers") && words.contains("prepare anew"),
                "{words}"
            );
            assert_eq!(items(copy.path()), 0, "all of it is gone");
            let mut rogue = Rogue::new(&twin, Wire::Frames(honest())).await;
            assert!(!rogue.claim(numbers[1]).await);
            // Now it knows what the dealer knows, and the other one does not.
            twin.session(std::slice::from_ref(&input), Wire::Frames(honest())).await.expect("a result");
            let words = refused(Rogue::new(&world, Wire::Frames(honest())).await.infer(numbers[1]).await);
            assert!(words.contains("not prepared"), "{words}");
        });
        let all = used(&world);
        assert_eq!(all.len(), 2, "{all:?}");
    }
}

/// The client as a delegate, and a device that brings an input.
async fn delegation(world: &World, rogue: &mut Rogue, number: u64) -> Result<Vec<u8>, NetError> {
    let device = *brelu_tests::parties::device().public();
    let [_, mut to_server] = world.device(honest()).await.expect("a device");
    let hello = brelu_core::channel::DeviceHello { plan: plan_hash(world.plan()), max_payload: 1 << 16 };
    let mut words = vec![1];
    words.extend(hello.plan);
    words.extend([0x80, 0x80, 4]);
    to_server.pipe.send_frame(FrameKind::Hello, words).await?;
    let with = *world.client().identity.public();
    to_server.pipe.send_frame(FrameKind::Infer, Delegation { number, with }.encode().to_vec()).await?;
    to_server.pipe.send_data(&vec![0; rogue.input_bits.div_ceil(8) as usize]).await?;
    let delegation = Delegation { number, with: device }.encode().to_vec();
    rogue.pipe.send_frame(FrameKind::OnBehalf, delegation).await?;
    Ok(rogue.pipe.receive_kind(FrameKind::Data, "an opened layer").await?.to_vec())
}

/// Copies the server's records whenever a frame of some kind passes.
fn copying(home: &Path, when: (Route, FrameKind), copies: &Arc<Mutex<Vec<TempDir>>>) -> Tap {
    let (home, copies) = (home.to_owned(), copies.clone());
    Arc::new(move |link, _, frame: Frame| {
        if (link, frame.kind) == when {
            copies.lock().expect("the copies").push(copied(&home));
        }
        vec![frame]
    })
}

#[test]
fn a_copy_from_the_middle_of_a_session_opens_nothing_again() {
    let moments = [
        (Route::ClientServer, FrameKind::Infer),
        (Route::ServerDealer, FrameKind::Use),
        (Route::DealerServer, FrameKind::Use),
        (Route::ClientServer, FrameKind::Data),
        (Route::ServerClient, FrameKind::Data),
    ];
    for when in moments {
        let (mut world, input, home) = stage();
        let copies = Arc::default();
        out_of_time(async {
            let numbers = prepare(&world, 2).await;
            let tap = copying(home.path(), when, &copies);
            let mut rogue = Rogue::new(&world, Wire::Frames(tap)).await;
            assert!(rogue.claim(numbers[0]).await);
            rogue.infer(numbers[0]).await.expect("an opened layer");
            let copies = std::mem::take(&mut *copies.lock().expect("the copies"));
            assert!(!copies.is_empty(), "{when:?}");
            for copy in copies {
                put_back(&mut world, home.path(), copy.path());
                let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
                assert!(!rogue.claim(numbers[0]).await, "{when:?}");
            }
            world.session(&[input], Wire::Frames(honest())).await.expect("a result");
        });
        let all = used(&world);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{when:?}: {all:?}");
    }
}

/// Somebody on the way cuts the connection to the dealer while inferences begin: an old copy must not catch up by counting.
#[test]
fn attempts_that_never_reach_the_dealer_bring_a_copy_no_further() {
    let (world, _, home) = stage();
    out_of_time(async {
        let numbers = prepare(&world, 4).await;
        let copy = copied(home.path());
        let twin = world.with_server_from(copy.path());
        let mut rogues = Vec::new();
        for cut in [true, true, true, false] {
            let tap: Tap = Arc::new(move |link, _, frame: Frame| {
                let lost = cut && link == Route::ServerDealer && frame.kind == FrameKind::Use;
                if lost { vec![] } else { vec![frame] }
            });
            rogues.push(Rogue::new(&twin, Wire::Frames(tap)).await);
        }
        let mut first = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(first.claim(numbers[0]).await);
        first.infer(numbers[0]).await.expect("an opened layer");
        let mut words = String::new();
        for (rogue, number) in rogues.iter_mut().zip(numbers.iter().rev()) {
            assert!(rogue.claim(*number).await);
            words = refused(rogue.infer(*number).await);
        }
        assert!(words.contains("older than the dealer remembers"), "{words}");
        assert_eq!(items(copy.path()), 0);
    });
    assert_eq!(used(&world).len(), 1);
}

#[test]
fn a_client_that_leaves_while_an_inference_begins_keeps_what_it_has() {
    let (world, _, home) = stage();
    out_of_time(async {
        let numbers = prepare(&world, 2).await;
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(rogue.claim(numbers[0]).await);
        let infer = rogue.pipe.send_frame(FrameKind::Infer, numbers[0].to_le_bytes().to_vec()).await;
        infer.expect("a request");
        drop(rogue);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(items(home.path()), 1);
        let mut rogue = Rogue::new(&world, Wire::Frames(honest())).await;
        assert!(rogue.claim(numbers[1]).await, "the store is not an old one");
        rogue.infer(numbers[1]).await.expect("an opened layer");
    });
}
