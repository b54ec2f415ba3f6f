//! Parties that do not follow the protocol: what a client can bend and therefore read, and that a server which sends
//! whatever it likes changes nothing about what the client says but the result.

use std::sync::{Arc, Mutex};

use brelu_core::bits::{BitReader, BitWriter};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Channel;
use brelu_core::ring;
use brelu_core::transport::FrameKind;
use brelu_tests::build::Builder;
use brelu_tests::script::small;
use brelu_tests::wire::{Frame, Route, Tap, honest};
use brelu_tests::world::World;

/// Inputs of the last layer, and its outputs.
const INPUTS: usize = 64;
const OUTPUTS: usize = 10;
/// Ring of the activations, and fraction bits of the layers.
const K: u8 = 28;
const F: u8 = 12;

fn dense(inputs: usize, outputs: usize) -> Conv2d {
    Conv2d::square(Shape::new(inputs as u32, 1, 1), outputs as u32, 1, 1, 0)
}

/// `x -> relu(4 x_1) -> W relu`, 64 values wide, and the weights of its last layer.
fn two_layers() -> (World, Vec<i32>) {
    let mut builder = Builder::new(Shape::new(1, 1, 1), K);
    let spread = builder.linear(&[(0, dense(1, INPUTS), vec![1 << F; INPUTS])], vec![0; INPUTS], K - F, F);
    let y = builder.activation(spread, K, 7, &[Channel::relu(8); INPUTS]);
    let secret: Vec<i32> = (0..(INPUTS * OUTPUTS) as i32).map(|at| at * 7919 % 1021 - 510).collect();
    builder.linear(&[(y, dense(INPUTS, OUTPUTS), secret.clone())], vec![0; OUTPUTS], K - F, F);
    let (plan, weights) = builder.finish();
    (World::new(plan, weights), secret)
}

/// Adds `delta` to what the client answers for pixel `at` of a layer of planes of one pixel, in its `inference`-th
/// inference of a session: every channel is a table bit and K bits.
fn bend(inference: usize, at: usize, delta: u32) -> Tap {
    let told = Mutex::new((0, 0));
    Arc::new(move |link, _, mut frame| {
        let mut told = told.lock().expect("no panic in a tap");
        if link == Route::ClientServer {
            match frame.kind {
                FrameKind::Infer => *told = (told.0 + 1, 0),
                FrameKind::Data => told.1 += 1,
                _ => {}
            }
            // The first data frame after the announcement is the input, the second one the answer.
            if frame.kind == FrameKind::Data && *told == (inference, 2) {
                add_at(&mut frame, at, delta);
            }
        }
        vec![frame]
    })
}

fn add_at(frame: &mut Frame, at: usize, delta: u32) {
    let mut reader = BitReader::at(&frame.payload, 0);
    let mut fields = [(); INPUTS].map(|()| ([0; 1], [0; 1]));
    for (bit, value) in &mut fields {
        reader.pull(1, bit);
        reader.pull(K, value);
    }
    fields[at].1[0] = fields[at].1[0].wrapping_add(delta) & ring::mask(K);
    let mut bent = vec![0; frame.payload.len()];
    let mut writer = BitWriter::new(&mut bent);
    for (bit, value) in &fields {
        writer.push(1, bit);
        writer.push(K, value);
    }
    writer.finish();
    frame.payload = bent;
}

#[test]
fn a_client_that_bends_activations_reads_a_last_layer_in_as_many_inferences_as_it_has_inputs() {
    let (world, secret) = two_layers();
    // Far above the rounding of a layer, within the range of an output.
    let delta = 1 << (F + 4);
    let honest = world.run(&[vec![0]], honest()).unwrap().outputs.remove(0);
    let mut read = vec![0; INPUTS * OUTPUTS];
    for column in 0..INPUTS {
        let bent = world.run(&[vec![0]], bend(1, column, delta)).unwrap().outputs.remove(0);
        for (row, (bent, plain)) in bent.iter().zip(&honest).enumerate() {
            read[row * INPUTS + column] = (bent - plain + 8).div_euclid(16);
        }
    }
    assert_eq!(read, secret);
}

/// Kinds and lengths of what the client sends in an inference, and everything it sends.
type Said = Vec<(FrameKind, Vec<u8>)>;

/// Runs an inference in which the server's data are `noise` (one byte after the other), and records what the client says.
fn say(world: &World, input: Vec<i32>, noise: u8) -> Said {
    let said = Arc::new(Mutex::new(Said::new()));
    let record = said.clone();
    let tap: Tap = Arc::new(move |link, _, mut frame| {
        match (link, frame.kind) {
            (Route::ClientServer, kind) => {
                record.lock().expect("no panic in a tap").push((kind, frame.payload.clone()));
            }
            (Route::ServerClient, FrameKind::Data) => {
                // The last byte may be filled up with zeros, which the client checks.
                let fields = frame.payload.len().saturating_sub(1);
                for (at, byte) in frame.payload[..fields].iter_mut().enumerate() {
                    *byte = noise.wrapping_mul(at as u8 | 1).wrapping_add(noise);
                }
            }
            _ => {}
        }
        vec![frame]
    });
    world.run(&[input], tap).expect("the client goes on whatever the server says");
    let mut said = said.lock().expect("no panic in a tap").clone();
    // Nobody waits for the good-bye to arrive.
    said.retain(|(kind, _)| *kind != FrameKind::Bye);
    said
}

#[test]
fn whatever_the_server_sends_the_client_says_as_much_of_the_same_kinds() {
    let (world, input) = small();
    let lengths = |said: &Said| said.iter().map(|(kind, payload)| (*kind, payload.len())).collect::<Vec<_>>();
    let plain = lengths(&say(&world, vec![0; input.len()], 0));
    assert!(plain.iter().filter(|(kind, _)| *kind == FrameKind::Data).count() >= 3, "{plain:?}");
    for noise in [1, 85, 170, 255] {
        for input in [vec![0; input.len()], input.clone(), input.iter().map(|x| -x).collect()] {
            assert_eq!(lengths(&say(&world, input, noise)), plain, "noise {noise}");
        }
    }
}
