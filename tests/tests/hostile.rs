//! Peers that send too much, too little, garbage, the wrong frames, or nothing: every party ends with an error in words,
//! and the parties can start a new session afterwards.

use std::sync::Arc;

use brelu_core::transport::FrameKind;
use brelu_tests::parties::TIMEOUT;
use brelu_tests::script::{agree, small};
use brelu_tests::wire::{Frame, Link, Tap, honest};

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
        |link, index, frame| if link == Link::ServerClient && index >= 1 { vec![] } else { vec![frame] },
    );
    let error = world.run(&[input], silence).unwrap_err().to_string();
    assert!(error.contains("nothing came from the server for 2 seconds"), "{error}");
    assert!(start.elapsed() < 3 * TIMEOUT);
}

#[test]
fn a_flood_is_cut_off() {
    let (world, input) = small();
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
    let (world, input) = small();
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
    let (world, _) = small();
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
