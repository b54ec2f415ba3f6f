//! Peers that send too much, too little, garbage, the wrong frames, or nothing: every party ends with an error in words,
//! and the parties can start a new session afterwards.

use std::sync::Arc;

use brelu_core::channel::{Ephemeral, inference_number};
use brelu_core::client::{Greeting, greet};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, NodeId};
use brelu_core::transport::FrameKind;
use brelu_host::client::ClientMemory;
use brelu_host::keys::random_key;
use brelu_host::weights::plan_hash;
use brelu_tests::build::Builder;
use brelu_tests::parties::TIMEOUT;
use brelu_tests::script::{agree, small};
use brelu_tests::wire::{Frame, Route, Tap, Wire, honest};
use brelu_tests::world::World;

const LINKS: [Route; 4] =
    [Route::ClientServer, Route::ServerClient, Route::ServerDealer, Route::DealerServer];

type Fault = fn(Frame) -> Vec<Frame>;

/// What a frame is replaced by.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("cut", |mut frame| {
            frame.payload.truncate(frame.payload.len() / 2);
            vec![frame]
        }),
        ("emptied", |mut frame| {
            frame.payload.clear();
            vec![frame]
        }),
        ("extended", |mut frame| {
            frame.payload.extend([0; 9]);
            vec![frame]
        }),
        ("renamed", |mut frame| {
            frame.kind = if frame.kind == FrameKind::Model { FrameKind::Bye } else { FrameKind::Model };
            vec![frame]
        }),
        ("doubled", |frame| vec![frame.clone(), frame]),
        ("padded with ones", |mut frame| {
            if let Some(last) = frame.payload.last_mut() {
                *last = 0xff;
            }
            vec![frame]
        }),
    ]
}

fn fault_at(link: Route, index: usize, fault: Fault) -> Tap {
    Arc::new(move |at, number, frame| if (at, number) == (link, index) { fault(frame) } else { vec![frame] })
}

#[test]
fn no_fault_in_any_frame_stops_the_next_session() {
    let (world, input) = small();
    let expected = world.run(std::slice::from_ref(&input), honest()).unwrap().outputs;
    let mut refused = 0;
    for link in LINKS {
        for index in 0..6 {
            for (name, fault) in faults() {
                let result = world.run(std::slice::from_ref(&input), fault_at(link, index, fault));
                if let Err(error) = result {
                    let words = error.to_string();
                    assert!(!words.contains('\n') && words.len() > 10, "{link:?} {index} {name}: {words}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 60, "only {refused} faults were noticed");
    let again = world.run(&[input], honest()).unwrap().outputs;
    assert!(agree(&again[0], &expected[0]));
}

#[test]
fn a_silent_peer_ends_in_a_time_out() {
    let (world, input) = small();
    let start = std::time::Instant::now();
    let silence: Tap = Arc::new(
        |link, index, frame| if link == Route::ServerClient && index >= 1 { vec![] } else { vec![frame] },
    );
    let error = world.run(&[input], silence).unwrap_err().to_string();
    assert!(error.contains("nothing came from the server for 2 seconds"), "{error}");
    assert!(start.elapsed() < 3 * TIMEOUT);
}

#[test]
fn a_flood_is_cut_off() {
    let (world, input) = small();
    let flood: Tap = Arc::new(|link, index, frame| match (link, index) {
        (Route::ClientServer, 1) => {
            let data = Frame { kind: FrameKind::Data, payload: vec![7; 1 << 16] };
            std::iter::once(frame).chain(std::iter::repeat_n(data, 64)).collect()
        }
        _ => vec![frame],
    });
    let error = world.run(&[input], flood).unwrap_err().to_string();
    assert!(error.contains("sent") || error.contains("closed"), "{error}");
}

#[test]
fn a_client_with_another_plan_is_refused() {
    let (world, input) = small();
    let other: Tap = Arc::new(|link, index, mut frame| {
        if (link, index) == (Route::ClientServer, 0) {
            frame.payload[5] ^= 1;
        }
        vec![frame]
    });
    let error = world.run(&[input], other).unwrap_err().to_string();
    assert!(error.contains("different plans"), "{error}");
}

#[test]
fn no_frame_carries_a_plain_value() {
    let (world, _) = small();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let record = seen.clone();
    let tap: Tap = Arc::new(move |link, _, frame| {
        if link == Route::ClientServer && frame.kind == FrameKind::Data {
            record.lock().unwrap().push(frame.payload.clone());
        }
        vec![frame]
    });
    let zeros = vec![0; 72];
    world.run(&[zeros.clone(), zeros], tap).unwrap();
    let seen = seen.lock().unwrap();
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "two messages of equal inputs are equal");
    assert!(
        seen.iter().all(|payload| payload.iter().filter(|byte| **byte == 0).count() < payload.len() / 8 + 4)
    );
}

/// An input, so many views of it, each of the one before, and a layer behind them.
fn nested(shape: Shape, views: usize) -> World {
    let mut builder = Builder::new(shape, 24);
    let same = |builder: &mut Builder, at: NodeId| builder.view(at, shape, [Axis::SAME; 3], Edge::Clamp);
    let top = (0..views).fold(0, |top, _| same(&mut builder, top));
    let map = Conv2d { stride: [1, u16::MAX], ..Conv2d::square(shape, 1, 1, 1, 0) };
    let z = builder.linear(&[(top, map, vec![1 << 12])], vec![0], 12, 12);
    builder.activation(z, 24, 6, &[Channel::relu(5)]);
    let (plan, weights) = builder.finish();
    World::new(plan, weights)
}

/// What ends a session whose server brings its plan to the dealer.
async fn brought(world: &World) -> String {
    let mut connection = world.connect(Wire::Frames(honest())).await.expect("a connection");
    let party = world.client();
    let greeting = Greeting {
        identity: &party.identity,
        server: &party.server,
        dealer: &party.dealer,
        plan: &plan_hash(world.plan()),
        floor: 0,
        max_payload: 1 << 16,
        ephemeral: Ephemeral::new(*random_key().expect("randomness").expose()),
    };
    let session = match greet(&mut connection.pipe, greeting).await {
        Ok(session) => session,
        Err(error) => return error.to_string(),
    };
    let number = inference_number(session.epoch, 1).to_le_bytes().to_vec();
    match connection.pipe.send_frame(FrameKind::Prepare, number).await {
        Ok(()) => connection.pipe.receive_frame().await.expect_err("a refusal").to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_plan_that_takes_more_than_a_dealer_gives_ends_its_own_session_only() {
    let (world, input) = small();
    // 8 rows of 2^27 words a thread: valid, and more than anybody has.
    let wide = nested(Shape::new(1, 1, 1 << 27), 7).with_dealer_of(&world);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut memory = ClientMemory::for_plan(world.plan());
        let mut client = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        client.prepare(&mut |_, _| {}).await.expect("prepared");
        for _ in 0..70 {
            let words = brought(&wide).await;
            assert!(
                words.contains("this plan takes ") && words.contains("MiB of memory at the dealer"),
                "{words}"
            );
            assert!(words.contains("raise --plan-memory"), "{words}");
        }
        for _ in 0..2 {
            client.infer(&input, &mut |_, _| {}).await.expect("a result");
        }
    });
    // Plans that are refused take no place of those that a dealer keeps.
    let fresh = world.fresh().with_dealer_of(&world);
    assert!(fresh.run(&[input], honest()).is_ok());
}

#[test]
fn a_plan_nests_as_deep_as_it_can_at_all_parties() {
    for world in [nested(Shape::new(1, 1, 1), 2045), nested(Shape::new(1, 1, 1), 2045).with_small_client()] {
        assert_eq!(world.plan().len(), 2048);
        let outcome = world.run(&[vec![700]], honest()).expect("a result");
        assert!(agree(&outcome.outputs[0], &[700]), "{:?}", outcome.outputs);
    }
}
