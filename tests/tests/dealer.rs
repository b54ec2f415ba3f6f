//! A dealer that several servers share: none takes the room of the others, what leaves comes back, and no lie about epochs
//! uses them up.

use std::sync::{Arc, Mutex};

use brelu_core::channel::{EPOCH_JUMP, EPOCH_LEAD, Ephemeral};
use brelu_core::client::{Greeting, greet};
use brelu_core::transport::FrameKind;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::dealer::DealerOptions;
use brelu_host::error::SessionError;
use brelu_host::event::Event;
use brelu_host::keys::{Access, random_key};
use brelu_host::weights::plan_hash;
use brelu_tests::parties::Rules;
use brelu_tests::script::{agree, out_of_time, small, small_with};
use brelu_tests::wire::{Route, Tap, Wire, honest};
use brelu_tests::world::World;

/// Another server with another network, at the dealer of `world`.
fn neighbour(world: &World, byte: u8) -> World {
    let (plan, weights) = small_with(i32::from(byte)).finish();
    world.neighbour(byte, plan, weights)
}

async fn dial<'a>(world: &World, memory: &'a mut ClientMemory) -> Result<HostClient<'a>, SessionError> {
    world.dial(Wire::Frames(honest()), memory).await
}

/// A small network's parties, whose dealer has these limits and takes any server.
fn shared(options: impl FnOnce(&mut DealerOptions)) -> (World, Vec<i32>) {
    let (world, input) = small();
    let rules = Rules { servers: Access::Anybody, ..Rules::default() };
    (world.with_rules(rules).with_dealer(options), input)
}

fn memory(world: &World) -> ClientMemory {
    ClientMemory::least(world.plan(), 256)
}

/// Whether an inference gives the same as `expected`, or the first result there is.
async fn right(client: &mut HostClient<'_>, input: &[i32], expected: &mut Option<Vec<i32>>) -> bool {
    let (_, output) = client.infer(input, &mut |_, _| {}).await.expect("a result");
    agree(&output, expected.get_or_insert(output.clone()))
}

#[test]
fn a_server_that_takes_all_its_sessions_leaves_those_of_others() {
    let (world, input) = shared(|options| options.share.sessions = 2);
    let greedy = neighbour(&world, 11);
    out_of_time(async {
        let (mut first, mut second, mut third) = (memory(&greedy), memory(&greedy), memory(&greedy));
        let kept = [dial(&greedy, &mut first).await, dial(&greedy, &mut second).await];
        assert!(kept.iter().all(Result::is_ok));
        let error = dial(&greedy, &mut third).await.expect_err("a refusal");
        assert!(
            error.is_passing() && error.to_string().contains("2 sessions at a time at this dealer"),
            "{error}"
        );
        world.session(std::slice::from_ref(&input), Wire::Frames(honest())).await.expect("a result");
        drop(kept);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        dial(&greedy, &mut third).await.expect("a session");
    });
}

#[test]
fn a_server_introduces_so_many_clients_and_the_others_theirs() {
    let (world, input) = shared(|options| options.share.clients = 1);
    let other = neighbour(&world, 11);
    out_of_time(async {
        for _ in 0..2 {
            for world in [&world, &other] {
                world.session(std::slice::from_ref(&input), Wire::Frames(honest())).await.expect("a result");
            }
        }
        let mut strange = memory(&world);
        let world = world.with_client(brelu_host::client::ClientParty::in_memory(
            brelu_core::channel::Identity::new([99; 32]),
            *brelu_tests::parties::identities()[1].public(),
            *brelu_tests::parties::identities()[2].public(),
        ));
        let error = dial(&world, &mut strange).await.expect_err("a refusal").to_string();
        assert!(error.contains("at most 1 clients of one server"), "{error}");
        other.session(&[input], Wire::Frames(honest())).await.expect("a result");
    });
}

#[test]
fn a_model_that_was_pushed_out_is_used_to_the_end_and_sent_again() {
    let (world, input) = shared(|options| options.models = 1);
    let sent = Arc::new(Mutex::new(0));
    let count = sent.clone();
    let tap: Tap = Arc::new(move |link, _, frame| {
        *count.lock().expect("the count") +=
            usize::from(link == Route::ServerDealer && frame.kind == FrameKind::Data);
        vec![frame]
    });
    let models = || std::mem::take(&mut *sent.lock().expect("the count"));
    out_of_time(async {
        let (mut one, mut two, mut expected) = (memory(&world), memory(&world), None);
        let mut early = world.dial(Wire::Frames(tap.clone()), &mut one).await.expect("a session");
        assert!(right(&mut early, &input, &mut expected).await);
        assert!(models() > 0, "the model is sent once");
        for byte in [11, 13] {
            let other = neighbour(&world, byte);
            other.session(std::slice::from_ref(&input), Wire::Frames(honest())).await.expect("a result");
        }
        assert!(right(&mut early, &input, &mut expected).await, "the model is still used");
        assert_eq!(models(), 0);
        let mut late = world.dial(Wire::Frames(tap), &mut two).await.expect("a session");
        assert!(right(&mut late, &input, &mut expected).await);
        assert!(models() > 0, "the model is sent again");
        assert!(right(&mut early, &input, &mut expected).await);
    });
}

#[test]
fn a_server_whose_models_are_all_in_use_is_told_to_wait() {
    let (world, input) = shared(|options| (options.models, options.share.models) = (1, 1));
    // Another model of the same server.
    let (plan, weights) = small_with(19).finish();
    let other = World::new(plan, weights).at_dealer_of(&world);
    out_of_time(async {
        let (mut one, mut two) = (memory(&world), memory(&other));
        let used = dial(&world, &mut one).await.expect("a session");
        let mut client = dial(&other, &mut two).await.expect("a greeting");
        let error = client.infer(&input, &mut |_, _| {}).await.expect_err("no room");
        assert!(error.is_passing() && error.to_string().contains("no room for another model"), "{error}");
        drop((used, client));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        other.session(&[input], Wire::Frames(honest())).await.expect("a result");
    });
}

/// The epochs that the dealer gave.
fn epochs(world: &World) -> Vec<u32> {
    let [_, dealer] = world.events();
    dealer
        .iter()
        .filter_map(|event| if let Event::Epoch(_, epoch) = event { Some(*epoch) } else { None })
        .collect()
}

#[test]
fn a_client_that_says_it_knows_the_last_epoch_locks_nobody_out() {
    let (world, input) = small();
    out_of_time(async {
        for floor in [u32::MAX - 1, u32::MAX, EPOCH_LEAD + 1] {
            let mut connection = world.connect(Wire::Frames(honest())).await.expect("a connection");
            let party = world.client().clone();
            let greeting = Greeting {
                identity: &party.identity,
                server: &party.server,
                dealer: &party.dealer,
                plan: &plan_hash(world.plan()),
                floor,
                max_payload: 1 << 16,
                ephemeral: Ephemeral::new(*random_key().expect("randomness").expose()),
            };
            let answer = greet(&mut connection.pipe, greeting).await;
            if floor == EPOCH_LEAD + 1 {
                continue;
            }
            let error = answer.expect_err("a refusal").to_string();
            assert!(error.contains("sessions behind"), "{error}");
        }
        let outcome = world.session(&[input], Wire::Frames(honest())).await.expect("a session");
        assert_eq!(outcome.outputs.len(), 1);
    });
    assert!(epochs(&world).iter().all(|epoch| *epoch <= 3 * (EPOCH_LEAD + 1)), "{:?}", epochs(&world));
}

/// Puts the varint of `value` in the place of the one at `at`.
fn replace_varint(payload: &mut Vec<u8>, at: usize, mut value: u32) {
    let len = payload[at..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let mut varint = Vec::new();
    while value >= 0x80 {
        varint.push(value as u8 | 0x80);
        value >>= 7;
    }
    varint.push(value as u8);
    payload.splice(at..at + len, varint);
}

#[test]
fn a_server_that_says_it_knows_the_last_epoch_locks_nobody_out() {
    let (world, input) = small();
    let lie: Tap = Arc::new(|link, index, mut frame| {
        if (link, index) == (Route::ServerDealer, 0) {
            // Two digests, the length of the plan, then the floor.
            let floor = 65 + frame.payload[64..].iter().take_while(|byte| **byte >= 0x80).count();
            replace_varint(&mut frame.payload, floor, u32::MAX - 1);
        }
        vec![frame]
    });
    let error = world.run(std::slice::from_ref(&input), lie).expect_err("a refusal");
    assert!(error.is_passing() && error.to_string().contains("sessions behind"), "{error}");
    world.run(&[input], honest()).expect("a result");
    assert_eq!(epochs(&world), [EPOCH_LEAD + 1]);
}

#[test]
fn a_dealer_that_gives_the_last_epoch_locks_nobody_out() {
    let (world, input) = small();
    for late in [u32::MAX - 1, u32::MAX, EPOCH_JUMP + 2] {
        let lie: Tap = Arc::new(move |link, index, mut frame| {
            if (link, index) == (Route::DealerServer, 0) {
                replace_varint(&mut frame.payload, 0, late);
            }
            vec![frame]
        });
        let error = world.run(std::slice::from_ref(&input), lie).expect_err("a refusal").to_string();
        assert!(error.contains("later than lost sessions can explain"), "{error}");
    }
    world.run(&[input], honest()).expect("a result");
}
