//! A device that leaves the network to a delegate: results, one-time use, and what happens when somebody does not come.

use brelu_core::channel::{Pair, epoch_of};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Answer;
use brelu_core::thin::{Ends, Thin, ThinError};
use brelu_host::event::Event;
use brelu_host::weights::plan_hash;
use brelu_tests::build::Builder;
use brelu_tests::device::{Buffers, secure, start};
use brelu_tests::parties::{TIMEOUT, device, identities};
use brelu_tests::script::{agree, small};
use brelu_tests::wire::{Wire, honest};
use brelu_tests::world::World;

async fn expected(world: &World, input: &[i32]) -> Vec<i32> {
    let outcome = world.session(&[input.to_vec()], Wire::Frames(honest())).await;
    outcome.expect("an honest run").outputs.remove(0)
}

#[tokio::test]
async fn a_device_gets_exact_scores() {
    let shape = Shape::new(2, 6, 6);
    let map = Conv2d::dense(shape.len() as u32, 3);
    let mut builder = Builder::new(shape, 24);
    let flat = builder.flatten(0);
    let rows: Vec<Vec<i32>> =
        (0..3).map(|row| (0..72).map(|at| (at * 31 + row) % 201 - 100).collect()).collect();
    builder.linear(&[(flat, map, rows.concat())], vec![5, -7, 9], 24, 0);
    let (plan, weights) = builder.finish();
    let world = World::new(plan, weights);
    let input: Vec<i32> = (0..72).map(|at| at * 7 % 300 - 150).collect();
    let sum = |(row, bias): (&Vec<i32>, i32)| row.iter().zip(&input).map(|(w, x)| w * x).sum::<i32>() + bias;
    let want: Vec<i32> = rows.iter().zip([5, -7, 9]).map(sum).collect();
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    let mut output = [0; 3];
    let grant = thin.ask(&mut output).await.expect("an inference");
    thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
    assert_eq!(output.as_slice(), want);
    thin.close().await.expect("a good-bye");
}

#[tokio::test]
async fn a_device_gets_its_result_and_numbers_only_grow() {
    let (world, input) = small();
    let expected = expected(&world, &input).await;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let mut buffers = Buffers::default();
        let mut thin = start(&world, &mut buffers).await.expect("a session");
        for _ in 0..3 {
            let mut output = vec![0; expected.len()];
            let grant = thin.ask(&mut output).await.expect("an inference");
            numbers.push(grant.number());
            thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
            assert!(agree(&output, &expected), "{output:?} {expected:?}");
        }
        thin.close().await.expect("a good-bye");
    }
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
    assert_ne!(epoch_of(numbers[0]), epoch_of(numbers[5]));
    let used = |event: &Event| match event {
        Event::Used(_, number) => Some(*number),
        _ => None,
    };
    let run: Vec<u64> = world.events()[0].iter().filter_map(used).skip(1).collect();
    assert_eq!(run, numbers);
}

/// Each label is in the two bits that are opened, of which the upper one is no sign.
#[tokio::test]
async fn a_device_gets_labels() {
    let mut builder = Builder::new(Shape::new(1, 1, 1), 8);
    builder.low(0, 2);
    let (plan, weights) = builder.answering(Answer::Labels { count: 1, classes: 4 }).finish();
    let world = World::new(plan, weights);
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    for label in 0..4 {
        let mut output = [0];
        let grant = thin.ask(&mut output).await.expect("an inference");
        thin.infer(grant, &[4 + label][..], &mut output, &mut |_, _| {}).await.expect("a result");
        assert_eq!(output, [label]);
    }
}

#[tokio::test]
async fn what_the_delegate_gives_alone_is_not_the_result() {
    let (world, input) = small();
    let expected = expected(&world, &input).await;
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    let mut results = Vec::new();
    for _ in 0..2 {
        let mut output = vec![0; expected.len()];
        let grant = thin.ask(&mut output).await.expect("an inference");
        assert_eq!(format!("{grant:?}"), format!("Grant(inference {}, redacted)", grant.number()));
        assert!(!agree(&output, &expected));
        results.push(output.clone());
        thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
    }
    assert_ne!(results[0], results[1], "fresh masks every time");
}

#[tokio::test]
async fn sizes_are_checked_before_anything_is_sent() {
    let (world, input) = small();
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    let error = thin.ask(&mut [0; 3]).await.unwrap_err().to_string();
    assert!(error.contains("3 were given"), "{error}");
    let mut output = vec![0; world.plan().output().shape.len()];
    let grant = thin.ask(&mut output).await.expect("an inference");
    let error = thin.infer(grant, &input[1..], &mut output, &mut |_, _| {}).await.unwrap_err().to_string();
    assert!(error.starts_with("the server: this network takes 72 elements"), "{error}");
}

#[tokio::test]
async fn a_device_that_does_not_come_costs_its_own_session() {
    let (world, input) = small();
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    let mut output = vec![0; world.plan().output().shape.len()];
    drop(thin.ask(&mut output).await.expect("an inference"));
    tokio::time::sleep(TIMEOUT + TIMEOUT / 4).await;
    let error = thin.ask(&mut output).await.expect_err("the end of the session").to_string();
    assert!(error.contains("did not bring its input"), "{error}");
    drop(thin);
    let mut buffers = Buffers::default();
    let mut thin = start(&world, &mut buffers).await.expect("a session");
    let grant = thin.ask(&mut output).await.expect("an inference");
    thin.infer(grant, &input[..], &mut output, &mut |_, _| {}).await.expect("a result");
}

#[tokio::test]
async fn another_plan_is_refused_by_delegate_and_server() {
    let (world, _) = small();
    let [delegate, server, _] = identities();
    let mut ends = Ends::of(world.plan(), plan_hash(world.plan()));
    ends.plan[0] ^= 1;
    let (mut buffers, own) = (Buffers::default(), device());
    let [one, other] = &mut buffers.records;
    let to_delegate = secure(world.delegate(), &own, delegate.public(), Pair::DeviceDelegate, one).await;
    let to_server = secure(world.answer(), &own, server.public(), Pair::ClientServer, other).await;
    let started = Thin::start(ends, *delegate.public(), to_delegate, to_server, &mut buffers.frame).await;
    let mut output = vec![0; world.plan().output().shape.len()];
    let error = started.expect("greetings").ask(&mut output).await.unwrap_err();
    assert!(matches!(error, ThinError::Delegate(_)), "{error}");
    assert!(error.to_string().contains("different plans"), "{error}");
}
