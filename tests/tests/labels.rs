//! Answers that are labels, between real sessions: which scores are the largest, in as many bits as that takes and no more.

use std::sync::{Arc, Mutex};

use brelu_core::bits::{BitReader, bytes};
use brelu_core::cost;
use brelu_core::geometry::Shape;
use brelu_core::plan::{Answer, Axis, Channel, Edge, NodeId};
use brelu_tests::build::Builder;
use brelu_tests::reference;
use brelu_tests::wire::{Frame, Route, Tap};
use brelu_tests::world::World;

/// Bits of a score, and of its index among five.
const N: u8 = 7;
const BITS: u8 = 3;
const CLASSES: u32 = 5;

/// Numbers that meet until the largest are known, written out by hand.
struct Numbers {
    builder: Builder,
    map: [u32; 2],
}

impl Numbers {
    fn new(map: [u32; 2]) -> (Self, Vec<NodeId>) {
        let shape = Shape::new(CLASSES, map[0], map[1]);
        let mut builder = Builder::new(shape, N);
        let shifted = builder.shift(0, BITS);
        let numbers = builder.offset(shifted, (0..CLASSES as i32).collect());
        let mut all = Self { builder, map };
        let single = (0..CLASSES).map(|class| all.class(numbers, class)).collect();
        (all, single)
    }

    fn class(&mut self, numbers: NodeId, class: u32) -> NodeId {
        let axes = [Axis::slice(class as i32, 1), Axis::SAME, Axis::SAME];
        self.builder.view(numbers, Shape::new(1, self.map[0], self.map[1]), axes, Edge::Zero)
    }

    /// The larger and the smaller of every pair, in one round trip.
    fn play(&mut self, pairs: &[(NodeId, NodeId)]) -> Vec<[NodeId; 2]> {
        let (b, ring) = (&mut self.builder, N + BITS);
        let differences: Vec<_> = pairs.iter().map(|(p, q)| b.add(*p, *q, true, ring)).collect();
        let exact = [Channel::relu(0)];
        let gains: Vec<_> = differences.iter().map(|d| b.activation(*d, ring, ring, &exact)).collect();
        let results = pairs.iter().zip(gains);
        results.map(|((p, q), gain)| [b.add(*q, gain, false, ring), b.add(*p, gain, true, ring)]).collect()
    }

    fn finish(mut self, chosen: &[NodeId]) -> World {
        let joined = self.builder.concat(chosen);
        self.builder.low(joined, BITS);
        let count = chosen.len() as u32;
        let (plan, weights) = self.builder.answering(Answer::Labels { count, classes: CLASSES }).finish();
        World::new(plan, weights)
    }
}

/// One label: three levels.
fn label(map: [u32; 2]) -> World {
    let (mut numbers, x) = Numbers::new(map);
    let first = numbers.play(&[(x[0], x[1]), (x[2], x[3])]);
    let second = numbers.play(&[(first[0][0], first[1][0])]);
    let third = numbers.play(&[(second[0][0], x[4])]);
    numbers.finish(&[third[0][0]])
}

/// Three labels in order: five are sorted by exchanging neighbours.
fn three(map: [u32; 2]) -> World {
    let (mut numbers, mut x) = Numbers::new(map);
    for level in 0..CLASSES as usize {
        let places: Vec<usize> = (level % 2..CLASSES as usize - 1).step_by(2).collect();
        let pairs: Vec<_> = places.iter().map(|place| (x[*place], x[place + 1])).collect();
        for (place, result) in places.into_iter().zip(numbers.play(&pairs)) {
            x[place..place + 2].copy_from_slice(&result);
        }
    }
    numbers.finish(&x[..3])
}

/// The channels of every pixel in the order of their scores, the later one of equals first; a plane a rank.
fn order(scores: &[i32], plane: usize, count: usize) -> Vec<i32> {
    let mut labels = vec![0; count * plane];
    for pixel in 0..plane {
        let mut column: Vec<(i32, i32)> =
            (0..).zip(scores.iter().skip(pixel).step_by(plane)).map(|(at, s)| (*s, at)).collect();
        column.sort_by(|a, b| b.cmp(a));
        (0..count).for_each(|rank| labels[rank * plane + pixel] = column[rank].1);
    }
    labels
}

fn scores(len: usize, seed: u64) -> Vec<i32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        // Of the whole ring, as far as differences fit.
        ((state >> 33) % 63) as i32 - 31
    };
    (0..len).map(next).collect()
}

/// Keeps what the server sends the client.
fn recording(frames: &Arc<Mutex<Vec<Vec<u8>>>>) -> Tap {
    let frames = frames.clone();
    Arc::new(move |link, _, frame: Frame| {
        if link == Route::ServerClient {
            frames.lock().unwrap().push(frame.payload.clone());
        }
        vec![frame]
    })
}

#[test]
fn the_client_learns_the_order_and_receives_an_index_each() {
    for (make, count, trips) in [(label as fn([u32; 2]) -> World, 1, 3), (three, 3, 5)] {
        for (map, small) in [([1, 1], false), ([2, 3], false), ([2, 3], true)] {
            let world = if small { make(map).with_small_client() } else { make(map) };
            let plane = (map[0] * map[1]) as usize;
            let inputs: Vec<Vec<i32>> = (0..6).map(|seed| scores(CLASSES as usize * plane, seed)).collect();
            let frames = Arc::default();
            let outcome = world.run(&inputs, recording(&frames)).unwrap();
            let total = cost::total(world.plan());
            let times = inputs.len() as u64;
            assert_eq!(outcome.traffic.total(), times * total.bytes.total());
            assert_eq!(outcome.traffic.server_online, times * total.bytes.server_online);
            assert_eq!(outcome.round_trips, trips * inputs.len() as u32);
            assert_eq!(total.decisions, world_decisions(count) * plane as u64);
            for (input, output) in inputs.iter().zip(&outcome.outputs) {
                assert_eq!(*output, order(input, plane, count), "{input:?}");
            }
            if !small {
                let opened = bytes(u64::from(BITS) * (count * plane) as u64);
                let last = frames.lock().unwrap().iter().rfind(|frame| !frame.is_empty()).unwrap().clone();
                assert_eq!(last.len() as u64, opened, "an index has {BITS} bits");
            }
        }
    }
}

fn world_decisions(count: usize) -> u64 {
    if count == 1 { 4 } else { 10 }
}

#[test]
fn the_plaintext_reference_agrees() {
    let mut kept = None;
    let (mut numbers, x) = Numbers::new([1, 1]);
    let first = numbers.play(&[(x[0], x[1])]);
    numbers.builder.low(first[0][0], BITS);
    let (plan, weights) = numbers.builder.answering(Answer::Labels { count: 1, classes: 5 }).finish();
    let world = World::new(plan, |plan| kept.insert(weights(plan)).clone());
    let (number, load) = reference::run(world.plan(), kept.as_ref().unwrap(), &[-20, 11, 0, 0, 0]);
    assert!(load <= 1.0 && number[0].contains((11 << BITS) + 1) && number[0].width() == 0, "{number:?}");
}

/// What the server sends last is its component: the index is not in it.
#[test]
fn the_opened_component_says_nothing_by_itself() {
    let (world, input) = (label([1, 1]), vec![9, -4, 30, 2, -31]);
    let mut seen = [0u32; 1 << BITS];
    for _ in 0..64 {
        let frames = Arc::default();
        let outcome = world.run(std::slice::from_ref(&input), recording(&frames)).unwrap();
        assert_eq!(outcome.outputs, [[2]]);
        let last = frames.lock().unwrap().iter().rfind(|frame| !frame.is_empty()).unwrap().clone();
        let mut word = [0];
        BitReader::at(&last, 0).pull(BITS, &mut word);
        seen[word[0] as usize] += 1;
    }
    // Each of eight values occurs 8 times in the mean; that one is missing has a chance of 2 in 1,000.
    assert!(seen.iter().filter(|count| **count > 0).count() >= 7, "{seen:?}");
}
