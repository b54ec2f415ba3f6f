//! What a client leaves behind in memory that is not its own: nothing.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use brelu_core::client::{Client, ClientKeys, Memory, Portable, Workspace};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Channel, Plan};
use brelu_core::prf::PairKey;
use brelu_core::transport::{FrameKind, Transport};
use brelu_tests::build::Builder;

/// Takes everything and answers with noise, as far as the client listens to it.
struct Noise(usize);

impl Transport for Noise {
    type Error = Infallible;

    async fn send(&mut self, _: FrameKind, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), Infallible> {
        let len = self.0.min(buffer.len());
        buffer[..len].fill(0x5a);
        Ok((FrameKind::Data, len))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

fn plan() -> Vec<u8> {
    let shape = Shape::new(2, 6, 6);
    let mut builder = Builder::new(shape, 24);
    let map = Conv2d::square(shape, 2, 3, 1, 1);
    let z = builder.linear(&[(0, map, vec![5; map.weight_len()])], vec![0; 2], 12, 12);
    builder.activation(z, 24, 6, &[Channel::relu(5), Channel::Identity]);
    builder.finish().0
}

#[test]
fn neither_a_broken_inference_nor_a_dropped_client_leaves_anything_in_its_memory() {
    let file = plan();
    let plan = Plan::parse(&file).unwrap();
    let (mut words, mut incoming, mut outgoing) = (vec![7; Memory::best(&plan)], [7; 256], [7; 256]);
    let work = Workspace { words: &mut words, incoming: &mut incoming, outgoing: &mut outgoing };
    let keys = ClientKeys { dealer: PairKey::new([1; 32]), weights: PairKey::new([2; 32]) };
    let mut client = Client::new(&plan, keys, Noise(99), Portable, work).unwrap();
    let mut output = vec![0; plan.output().shape.len()];
    let input = vec![3; plan.input().shape.len()];
    now(client.prepare(1, &mut |_, _| {})).unwrap_err();
    now(client.infer(1, &input[..], &mut output, &mut |_, _| {})).unwrap_err();
    let work = client.release();
    let memory = |work: &Workspace<'_>| work.words.iter().map(|word| u64::from(*word)).sum::<u64>();
    assert_eq!(memory(&work), 0);
    assert!(work.incoming.iter().chain(&*work.outgoing).all(|byte| *byte == 0));
    work.words.fill(7);
    drop(work);
    assert!(words.iter().all(|word| *word == 0));
}
