//! Whole parties after a handshake that is only said to have happened: any frames may be altered, repeated, swapped, lost or
//! made up on all four links. Every session ends, with a result or with one sentence, and the parties serve the next one.
#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use brelu_core::transport::{FrameKind, MAX_PAYLOAD};
use brelu_tests::script::{agree, out_of_time, small};
use brelu_tests::wire::{Frame, Link, Tap, Wire, honest};
use brelu_tests::world::World;
use libfuzzer_sys::fuzz_target;

static SUBJECT: LazyLock<(World, Vec<i32>, Vec<i32>)> = LazyLock::new(|| {
    let (world, input) = small();
    let outcome = out_of_time(world.session(&[input.clone()], Wire::Frames(honest())));
    let expected = outcome.expect("an honest run").outputs.remove(0);
    (world, input, expected)
});

const LINKS: [Link; 4] = [Link::ClientServer, Link::ServerClient, Link::ServerDealer, Link::DealerServer];

/// What happens to one frame.
struct Fault {
    link: Link,
    index: usize,
    kind: u8,
    place: usize,
    value: u8,
}

fuzz_target!(|data: &[u8]| {
    let faults: Vec<Fault> = data
        .chunks_exact(5)
        .take(8)
        .map(|step| Fault {
            link: LINKS[usize::from(step[0] % 4)],
            index: usize::from(step[0] / 4) % 16,
            kind: step[1],
            place: usize::from(step[2]) << 8 | usize::from(step[3]),
            value: step[4],
        })
        .collect();
    let made_up = data.get(40..).unwrap_or_default().to_vec();
    let (subject, input, expected) = &*SUBJECT;
    let world = subject.fresh();
    let wire = Wire::Frames(tap(faults, made_up));
    out_of_time(async {
        if let Err(error) = world.session(&[input.clone(), input.clone()], wire).await {
            let words = error.to_string();
            assert!(!words.contains('\n') && words.len() > 10, "{words}");
        }
        // A fault may have told the dealer of so late an epoch that there is none after it.
        match world.session(&[input.clone()], Wire::Frames(honest())).await {
            Ok(outcome) => assert!(agree(&outcome.outputs[0], expected)),
            Err(error) => assert!(error.to_string().contains("epoch"), "{error}"),
        }
    });
});

fn tap(faults: Vec<Fault>, made_up: Vec<u8>) -> Tap {
    let held = Mutex::new(None);
    Arc::new(move |link, index, frame| {
        let mut out = vec![frame];
        for fault in faults.iter().filter(|fault| (fault.link, fault.index) == (link, index)) {
            out = out.into_iter().flat_map(|frame| apply(fault, frame, &made_up, &held)).collect();
        }
        out
    })
}

fn apply(fault: &Fault, mut frame: Frame, made_up: &[u8], held: &Mutex<Option<Frame>>) -> Vec<Frame> {
    let place = fault.place % frame.payload.len().max(1);
    let kind = FrameKind::from_byte(fault.value % 12 + 1).unwrap_or(FrameKind::Data);
    match fault.kind % 10 {
        0 | 1 => frame.payload.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= fault.value | 1),
        2 => frame.payload.truncate(place),
        3 => frame.payload.extend(std::iter::repeat_n(fault.value, fault.place % 4096)),
        4 => frame.kind = kind,
        5 => return vec![],
        6 => return vec![frame.clone(), frame],
        7 => {
            let before = held.lock().ok().and_then(|mut held| held.replace(frame));
            return before.into_iter().collect();
        }
        8 => frame.payload = made_up.iter().copied().take(MAX_PAYLOAD).collect(),
        _ => return vec![Frame { kind, payload: made_up.to_vec() }, frame],
    }
    vec![frame]
}
