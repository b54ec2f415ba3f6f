//! Peers that send too much, too little, garbage, the wrong frames, or nothing: every party ends with an error in words,
//! and the parties can start a new session afterwards.

use std::sync::Arc;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Channel;
use brelu_core::transport::FrameKind;
use brelu_tests::build::Builder;
use brelu_tests::world::{Frame, Link, TIMEOUT, Tap, World, honest};

fn world() -> (World, Vec<i32>) {
    let shape = Shape::new(2, 6, 6);
    let map = Conv2d {
        input: shape,
        out_channels: 3,
        groups: 1,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        pads: [1; 4],
    };
    let mut builder = Builder::new(shape, 24);
    let weights = (0..map.weight_len() as i32).map(|at| at % 23 * 10 - 110).collect();
    let z = builder.linear(&[(0, map, weights)], vec![0; 3], 12, 12);
    builder.activation(
        z,
        24,
        6,
        &[Channel::relu(5), Channel::Identity, Channel::Blocks { height: 2, width: 3, lo: 6 }],
    );
    let (plan, weights) = builder.finish();
    (World::new(plan, weights), (0..shape.len() as i32).map(|at| at * 7 % 300 - 150).collect())
}

const LINKS: [Link; 4] = [Link::ClientServer, Link::ServerClient, Link::ServerDealer, Link::DealerServer];

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

fn fault_at(link: Link, index: usize, fault: Fault) -> Tap {
    Arc::new(move |at, number, frame| if (at, number) == (link, index) { fault(frame) } else { vec![frame] })
}

#[test]
fn no_fault_in_any_frame_stops_the_next_session() {
    let (world, input) = world();
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
    assert!(
        again[0]
            .iter()
            .zip(&expected[0])
            .all(|(again, first)| (again - first).abs() <= 3 || *again == 0 || *first == 0)
    );
}

#[test]
fn a_silent_peer_ends_in_a_time_out() {
    let (world, input) = world();
    let start = std::time::Instant::now();
    let silence: Tap = Arc::new(
        |link, index, frame| if link == Link::ServerClient && index >= 1 { vec![] } else { vec![frame] },
    );
    let error = world.run(&[input], silence).unwrap_err().to_string();
    assert!(error.contains("nothing came from the server for 2 seconds"), "{error}");
    assert!(start.elapsed() < 3 * TIMEOUT);
}

#[test]
fn a_flood_is_cut_off() {
    let (world, input) = world();
    let flood: Tap = Arc::new(|link, index, frame| match (link, index) {
        (Link::ClientServer, 1) => {
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
    let (world, input) = world();
    let other: Tap = Arc::new(|link, index, mut frame| {
        if (link, index) == (Link::ClientServer, 0) {
            frame.payload[5] ^= 1;
        }
        vec![frame]
    });
    let error = world.run(&[input], other).unwrap_err().to_string();
    assert!(error.contains("different plans"), "{error}");
}

#[test]
fn no_frame_carries_a_plain_value() {
    let (world, _) = world();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let record = seen.clone();
    let tap: Tap = Arc::new(move |link, _, frame| {
        if link == Link::ClientServer && frame.kind == FrameKind::Data {
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
