//! Whoever is taken off a list is refused at its next preparation, inference or deal, in the session that it has.

use std::fs;

use brelu_core::channel::Ephemeral;
use brelu_core::client::{Greeting, greet};
use brelu_core::transport::FrameKind;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::error::SessionError;
use brelu_host::event::Event;
use brelu_host::keys::random_key;
use brelu_host::weights::plan_hash;
use brelu_tests::device::{Buffers, start};
use brelu_tests::lists::{List, Lists};
use brelu_tests::parties::{TIMEOUT, device, identities};
use brelu_tests::script::{out_of_time, small};
use brelu_tests::wire::{Wire, honest};
use brelu_tests::world::World;

/// Parties that go by lists in files, and an input.
fn listed() -> (World, Vec<i32>, Lists) {
    let ((world, input), lists) = (small(), Lists::new());
    (world.with_rules(lists.rules()), input, lists)
}

/// A session of the client with one inference prepared.
async fn session<'a>(world: &World, memory: &'a mut ClientMemory) -> HostClient<'a> {
    let mut client = world.dial(Wire::Frames(honest()), memory).await.expect("a session");
    client.prepare(&mut |_, _| {}).await.expect("an inference");
    client
}

/// Asserts that the refusal is one sentence with all the words, and that nobody is asked to try again.
fn refuses<T: std::fmt::Debug>(result: Result<T, SessionError>, words: &[&str]) {
    let error = result.expect_err("a refusal");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)) && !text.contains('\n'), "{text}");
    assert!(!error.is_passing(), "{text}");
}

/// What a party says to somebody who is not on its list.
fn off(peer: &str, key: &brelu_core::channel::Identity) -> String {
    format!("the {peer} with key {} is not on the list of those who may connect", key.public().id())
}

fn used(world: &World) -> usize {
    world.events()[0].iter().filter(|event| matches!(event, Event::Used(..))).count()
}

#[tokio::test]
async fn a_client_off_the_servers_list_infers_and_prepares_no_more() {
    let (world, input, lists) = listed();
    let [client, ..] = identities();
    let words = format!("the server stopped: {}", off("client", &client));
    for prepares in [true, false] {
        let mut memory = ClientMemory::for_plan(world.plan());
        let mut session = session(&world, &mut memory).await;
        lists.write(List::Clients, &[(*device().public(), "")]);
        match prepares {
            true => refuses(session.prepare(&mut |_, _| {}).await, &[&words]),
            false => refuses(session.infer(&input, &mut |_, _| {}).await, &[&words]),
        }
        let error = session.prepare(&mut |_, _| {}).await.expect_err("the end of the session").to_string();
        assert!(error.contains("the server"), "{error}");
        lists.write(List::Clients, &[(*client.public(), "")]);
    }
    assert_eq!(used(&world), 0, "nothing was used");
    let mut memory = ClientMemory::for_plan(world.plan());
    let mut session = session(&world, &mut memory).await;
    session.infer(&input, &mut |_, _| {}).await.expect("a result, once it is on the list again");
}

#[tokio::test]
async fn a_client_off_the_servers_list_claims_nothing() {
    let (world, _, lists) = listed();
    let mut connection = world.connect(Wire::Frames(honest())).await.expect("a connection");
    let party = world.client().clone();
    let greeting = Greeting {
        identity: &party.identity,
        server: &party.server,
        dealer: &party.dealer,
        plan: &plan_hash(world.plan()),
        floor: 0,
        max_payload: 1 << 16,
        ephemeral: Ephemeral::new(*random_key().expect("randomness").expose()),
    };
    greet(&mut connection.pipe, greeting).await.expect("a greeting");
    lists.clear(List::Clients);
    connection.pipe.send_frame(FrameKind::Claim, vec![1; 8]).await.expect("a claim");
    let error = connection.pipe.receive_frame().await.expect_err("a refusal").to_string();
    assert!(error.contains(&off("client", &identities()[0])), "{error}");
}

#[tokio::test]
async fn the_dealer_deals_for_nobody_off_its_lists() {
    for list in [List::Servers, List::Introduced] {
        let (world, input, lists) = listed();
        let mut memory = ClientMemory::for_plan(world.plan());
        let mut session = session(&world, &mut memory).await;
        lists.clear(list);
        session.infer(&input, &mut |_, _| {}).await.expect("what was dealt before");
        let [client, server, _] = identities();
        let who = if list == List::Servers { off("server", &server) } else { off("client", &client) };
        refuses(session.prepare(&mut |_, _| {}).await, &[&format!("the dealer stopped: {who}")]);
        let dealt = world.events()[1].iter().filter(|event| matches!(event, Event::Dealt(..))).count();
        assert_eq!(dealt, 1, "{list:?}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_lets_nobody_in() {
    for list in [List::Clients, List::Servers, List::Introduced] {
        for damaged in [false, true] {
            let (world, _, lists) = listed();
            let mut memory = ClientMemory::for_plan(world.plan());
            let mut session = session(&world, &mut memory).await;
            match damaged {
                true => fs::write(lists.path(list), "abc somebody\n").expect("a list"),
                false => fs::remove_file(lists.path(list)).expect("a list"),
            }
            refuses(session.prepare(&mut |_, _| {}).await, &["cannot read or write its own records"]);
        }
    }
}

#[tokio::test]
async fn a_device_off_a_list_gets_nothing_more() {
    for list in [List::Devices, List::Clients] {
        let (world, input, lists) = listed();
        let (mut buffers, mut output) = (Buffers::default(), vec![0; world.plan().output().shape.len()]);
        let mut thin = start(&world, &mut buffers).await.expect("a session");
        for _ in 0..2 {
            let grant = thin.ask(&mut output).await.expect("an inference");
            thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
        }
        let (by, error) = match list {
            List::Devices => {
                lists.clear(list);
                ("the delegate", thin.ask(&mut output).await.expect_err("a refusal").to_string())
            }
            _ => {
                let grant = thin.ask(&mut output).await.expect("an inference");
                lists.write(list, &[(*identities()[0].public(), "")]);
                let refused = thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await;
                ("the server", refused.expect_err("a refusal").to_string())
            }
        };
        assert!(error.contains(by) && error.contains(&off("device", &device())), "{list:?}: {error}");
        assert_eq!(used(&world), 2);
    }
}

#[test]
fn a_delegate_off_the_servers_list_works_for_nobody() {
    out_of_time(async {
        let (world, input, lists) = listed();
        let (mut buffers, mut output) = (Buffers::default(), vec![0; world.plan().output().shape.len()]);
        let mut thin = start(&world, &mut buffers).await.expect("a session");
        let grant = thin.ask(&mut output).await.expect("an inference");
        thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
        let grant = thin.ask(&mut output).await.expect("an inference that is prepared");
        lists.write(List::Clients, &[(*device().public(), "")]);
        let start = tokio::time::Instant::now();
        let refused = thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await;
        let error = refused.expect_err("a refusal").to_string();
        assert!(error.contains(&off("client", &identities()[0])), "{error}");
        assert!(start.elapsed() < TIMEOUT, "the device need not wait for it");
        assert_eq!(used(&world), 1);
    });
}
