//! What happens to frames on their way.

use std::sync::{Arc, Mutex};

use brelu_core::transport::{FrameKind, MAX_PAYLOAD};
use brelu_tests::wire::{Frame, Route, Tap};

/// What happens to one frame.
struct Fault {
    link: Route,
    index: usize,
    kind: u8,
    place: usize,
    value: u8,
}

/// A tap with up to eight faults of five bytes each on `links`, and what is left of `data` to make frames of.
pub(crate) fn tap(links: &[Route], data: &[u8]) -> Tap {
    let faults: Vec<Fault> = data
        .chunks_exact(5)
        .take(8)
        .map(|step| Fault {
            link: links[usize::from(step[0]) % links.len()],
            index: usize::from(step[0]) / links.len() % 16,
            kind: step[1],
            place: usize::from(step[2]) << 8 | usize::from(step[3]),
            value: step[4],
        })
        .collect();
    let made_up = data.get(40..).unwrap_or_default().to_vec();
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
    let kind = FrameKind::from_byte(fault.value % 14 + 1).unwrap_or(FrameKind::Data);
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
