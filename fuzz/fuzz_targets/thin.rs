//! A device with a delegate, after handshakes that are only said to have happened: any frames may be altered, repeated,
//! swapped, lost or made up on all links. Every session ends, with a result or with one sentence, no number comes twice, and
//! the parties serve the next device.
#![no_main]

use std::sync::LazyLock;

use brelu_core::thin::{Ends, Thin};
use brelu_host::weights::plan_hash;
use brelu_tests::parties::identities;
use brelu_tests::script::{agree, out_of_time, small};
use brelu_tests::wire::{Route, Tap, Wire, honest};
use brelu_tests::world::World;
use libfuzzer_sys::fuzz_target;

#[path = "parties/faults.rs"]
mod faults;

static SUBJECT: LazyLock<(World, Vec<i32>, Vec<i32>)> = LazyLock::new(|| {
    let (world, input) = small();
    let outcome = out_of_time(world.session(&[input.clone()], Wire::Frames(honest())));
    let expected = outcome.expect("an honest run").outputs.remove(0);
    (world, input, expected)
});

const LINKS: [Route; 8] = [
    Route::DeviceDelegate,
    Route::DelegateDevice,
    Route::DeviceServer,
    Route::ServerDevice,
    Route::ClientServer,
    Route::ServerClient,
    Route::ServerDealer,
    Route::DealerServer,
];

fuzz_target!(|data: &[u8]| {
    let (subject, input, expected) = &*SUBJECT;
    let world = subject.fresh();
    out_of_time(async {
        let mut numbers = Vec::new();
        if let Err(words) = session(&world, faults::tap(&LINKS, data), input, &mut numbers).await {
            assert!(!words.contains('\n') && words.len() > 10, "{words}");
        }
        assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
        // A fault may have told the dealer of so late an epoch that there is none after it.
        match session(&world, honest(), input, &mut numbers).await {
            Ok(outputs) => outputs.iter().for_each(|output| assert!(agree(output, expected))),
            Err(words) => assert!(words.contains("epoch"), "{words}"),
        }
    });
});

/// Two inferences of a device, and the numbers it ran them under.
async fn session(
    world: &World,
    tap: Tap,
    input: &[i32],
    numbers: &mut Vec<u64>,
) -> Result<Vec<Vec<i32>>, String> {
    let [to_delegate, to_server] = world.device(tap).await.map_err(|error| error.to_string())?;
    let ends = Ends::of(world.plan(), plan_hash(world.plan()));
    let [delegate, ..] = identities();
    let mut frame = [0; 256];
    let thin = Thin::start(ends, *delegate.public(), to_delegate.pipe, to_server.pipe, &mut frame);
    let mut thin = thin.await.map_err(|error| error.to_string())?;
    let mut outputs = Vec::new();
    for _ in 0..2 {
        let mut output = vec![0; ends.output as usize];
        let grant = thin.ask(&mut output).await.map_err(|error| error.to_string())?;
        numbers.push(grant.number());
        thin.infer(grant, input, &mut output, &mut |_, _| {}).await.map_err(|error| error.to_string())?;
        outputs.push(output);
    }
    thin.close().await.map_err(|error| error.to_string())?;
    Ok(outputs)
}
